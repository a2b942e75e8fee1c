"""The broker: the user's own, else Apache Kafka from Maven Central, else the embedded one.

ANALYTICS_KAFKA_BOOTSTRAP_SERVERS names the user's. Apache Kafka is one KRaft node, broker and controller in one,
loopback only, with its data in a folder that goes away. The embedded one is librdkafka's mock cluster: real protocol,
memory only, 5 MB a partition; tests that need more ask for kind == "kafka" and say so when they are skipped.
"""
import base64
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient, NewTopic

from . import place

VERSION = "4.3.1"  # 4.4.0 lacks some modules on Maven Central
SCALA = "2.13"
OLDEST_JAVA = 17
# The last whose SCRAM believes librdkafka before 2.6.1, Debian 12's: its nonce has the client's part twice.
VERSION_FOR_SCRAM = "3.7.1"
PARTITIONS = 4

POM = """<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>analytics.rig</groupId><artifactId>broker</artifactId><version>1</version><packaging>pom</packaging>
  <dependencies>
    <dependency>
      <groupId>org.apache.kafka</groupId><artifactId>kafka_{scala}</artifactId><version>{version}</version>
    </dependency>
    <dependency>
      <groupId>org.apache.kafka</groupId><artifactId>kafka-tools</artifactId><version>{version}</version>
    </dependency>
    <dependency><groupId>org.slf4j</groupId><artifactId>slf4j-simple</artifactId><version>1.7.36</version></dependency>
  </dependencies>
</project>
"""

# The two session timings bring a killed broker back in 4.5 s; with their defaults it takes 12 s.
PROPERTIES = """process.roles=broker,controller
node.id=1
controller.quorum.bootstrap.servers=127.0.0.1:{controller}
listeners=BROKER://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=BROKER://127.0.0.1:{port}
listener.security.protocol.map=BROKER:PLAINTEXT,CONTROLLER:PLAINTEXT
inter.broker.listener.name=BROKER
controller.listener.names=CONTROLLER
log.dirs={folder}/data
num.partitions={partitions}
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
broker.session.timeout.ms=2000
broker.heartbeat.interval.ms=500
"""


# What GuardedKafka has besides; its Kafka does not know the newer way to name the controllers.
GUARDS = """controller.quorum.voters=1@127.0.0.1:{controller}
ssl.keystore.type=PEM
ssl.keystore.location={store}
ssl.truststore.type=PEM
ssl.truststore.location={trusted}
sasl.enabled.mechanisms=SCRAM-SHA-512,PLAIN
listener.name.secure.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
listener.name.secure.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required \\
  user_{user}="{password}";
listener.name.mutual.ssl.client.auth=required
"""


class Broker:
    """with some broker: bootstrap is host:port, kind is "external", "kafka" or "embedded"."""

    kind = "external"

    def __init__(self, bootstrap=None):
        self.bootstrap = bootstrap
        self._admin = None

    def __enter__(self):
        self.await_answer()
        return self

    def __exit__(self, *_):
        pass

    @property
    def admin(self):
        if self._admin is None:
            self._admin = AdminClient({"bootstrap.servers": self.bootstrap, "log_level": 0})
        return self._admin

    def await_answer(self, timeout=60, alive=lambda: True):
        """Asks for metadata until a broker answers."""
        def answers():
            if not alive():
                raise place.RigError("the broker stopped while starting")
            try:
                return bool(self.admin.list_topics(timeout=2).brokers)
            except KafkaException:
                return False

        try:
            place.eventually(answers, timeout, what=f"the broker at {self.bootstrap}")
        except AssertionError as error:
            raise place.RigError(str(error)) from error

    def create_topic(self, name, partitions=PARTITIONS, **config):
        """Makes a topic and returns when every partition has a leader; config: its own settings, with underscores."""
        settings = {setting.replace("_", "."): str(value) for setting, value in config.items()}
        self.admin.create_topics([NewTopic(name, partitions, 1, config=settings)])[name].result(30)
        self._await_topic(name)

    def _await_topic(self, name):
        def led():
            topic = self.admin.list_topics(name, timeout=5).topics[name]
            return topic.partitions and all(p.leader >= 0 for p in topic.partitions.values())

        place.eventually(led, what=f"topic {name}")


class Embedded(Broker):
    """librdkafka's mock cluster in a small program of ours; topics appear when first asked for."""

    kind = "embedded"

    def __enter__(self):
        program = place.LOCAL / "build" / "mock_broker"
        source = pathlib.Path(__file__).with_name("mock_broker.c")
        with place.lock("mock_broker"):
            if not program.exists() or program.stat().st_mtime < source.stat().st_mtime:
                program.parent.mkdir(parents=True, exist_ok=True)
                flags = subprocess.run(["pkg-config", "--cflags", "--libs", "rdkafka"], check=True,
                                       capture_output=True, text=True).stdout.split()
                subprocess.run(["cc", "-O2", "-Wall", "-Wextra", "-o", program, source, *flags], check=True)
        self.process = place.spawn([program], stdout=subprocess.PIPE, text=True)
        self.bootstrap = self.process.stdout.readline().strip()
        if not self.bootstrap:
            raise place.RigError("the embedded broker did not start")
        return super().__enter__()

    def __exit__(self, *_):
        place.stop(self.process)

    def create_topic(self, name, partitions=PARTITIONS):
        if partitions != PARTITIONS:
            raise place.RigError(f"the embedded broker's topics have {PARTITIONS} partitions")
        self._await_topic(name)


class Kafka(Broker):
    """Apache Kafka, one node."""

    kind = "kafka"
    version = VERSION
    format_options = ("--standalone",)

    def __enter__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="kafka-", dir=place.LOCAL))
        self.process = None
        try:
            for attempt in range(3):  # another process may take a port between asking for it and listening
                try:
                    self._format()
                    self.start()
                    return self
                except place.RigError:
                    if attempt == 2:
                        raise
                    place.stop(self.process)
                    shutil.rmtree(self.folder / "data", ignore_errors=True)
        except BaseException:
            self.__exit__()
            raise

    def __exit__(self, *_):
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _format(self):
        port, controller = place.free_ports(2)
        self.bootstrap = f"127.0.0.1:{port}"
        self._admin = None
        self.properties = self.folder / "server.properties"
        self.properties.write_text(self._properties(port, controller))
        name = base64.urlsafe_b64encode(b"rig" + os.urandom(13)).decode().rstrip("=")  # as random-uuid makes them
        self.tool("kafka.tools.StorageTool", "format", "-t", name, "-c", self.properties, *self.format_options)

    def _properties(self, port, controller):
        return PROPERTIES.format(port=port, controller=controller, folder=self.folder, partitions=PARTITIONS)

    def start(self):
        """Starts the node over the data it has and returns when it answers."""
        with open(self.folder / "log", "a") as log:
            self.process = place.spawn(
                ["java", "-Xms256m", "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1",
                 "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", "-cp", f"{jars(self.version)}/*", "kafka.Kafka",
                 self.properties],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.folder)
        try:
            self.await_answer(alive=lambda: self.process.poll() is None)
        except place.RigError as error:
            raise place.RigError(f"{error}:\n{(self.folder / 'log').read_text()[-4000:]}") from error

    def stop(self):
        if self.process is not None:
            place.stop(self.process)

    def kill(self):
        """What a power cut does to it."""
        self.process.kill()
        self.process.wait()

    def tool(self, main_class, *arguments):
        """Runs one of Kafka's own tools by its main class; returns what it printed."""
        done = subprocess.run(["java", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp", f"{jars(self.version)}/*",
                               main_class, *map(str, arguments)], capture_output=True, text=True)
        if done.returncode != 0:
            raise place.RigError(f"{main_class} failed:\n{done.stdout}{done.stderr}")
        return done.stdout


class GuardedKafka(Kafka):
    """Apache Kafka that asks who is there. Beside its plain listener, which is for us: secure (SASL_SSL, SCRAM-SHA-512
    or PLAIN, for the one user) and mutual (SSL, for whom the authority gave a certificate), both as localhost and no
    other name."""

    version = VERSION_FOR_SCRAM

    def __init__(self, authority, user, password):
        super().__init__()
        self.authority = authority
        self.password = password
        self.user = user
        self.format_options = ("--add-scram", f"SCRAM-SHA-512=[name={user},password={password}]")

    def _properties(self, port, controller):
        secure, mutual = place.free_ports(2)
        self.secure, self.mutual = f"localhost:{secure}", f"localhost:{mutual}"
        identity = self.authority.issue("broker", hosts=["localhost"])
        store = self.folder / "broker.pem"
        store.write_text(identity.key.read_text() + identity.certificate.read_text())
        text = super()._properties(port, controller)
        for name in ("listeners", "advertised.listeners"):
            text = re.sub(f"^({re.escape(name)}=.*)$", rf"\1,SECURE://{self.secure},MUTUAL://{self.mutual}", text,
                          flags=re.MULTILINE)
        text = re.sub("^(listener.security.protocol.map=.*)$", r"\1,SECURE:SASL_SSL,MUTUAL:SSL", text,
                      flags=re.MULTILINE)
        return text + GUARDS.format(store=store, trusted=self.authority.certificate, controller=controller,
                                    user=self.user, password=self.password)


def jars(version):
    return place.LOCAL / f"kafka-{version}"


def fetch(version=VERSION):
    """Brings Kafka's jars into .local/ through Maven; returns nothing, or why it can't be had."""
    if shutil.which("java") is None:
        return "java is not installed"
    banner = subprocess.run(["java", "-version"], capture_output=True, text=True).stderr
    number = re.search(r'version "(\d+)', banner)
    if number is None or int(number[1]) < OLDEST_JAVA:
        return f"java is older than {OLDEST_JAVA}"
    with place.lock("kafka"):
        if jars(version).is_dir():
            return None
        if shutil.which("mvn") is None:
            return "mvn is not installed"
        folder = pathlib.Path(tempfile.mkdtemp(prefix="maven-", dir=place.LOCAL))
        try:
            (folder / "pom.xml").write_text(POM.format(scala=SCALA, version=version))
            command = ["mvn", "-q", "-B", "-C", "dependency:copy-dependencies", "-DoutputDirectory=libs"]
            done = subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                  timeout=300)
            if done.returncode != 0:
                return "Maven can't fetch it: " + (done.stdout.strip().splitlines() or ["no reason given"])[0]
            (folder / "libs").rename(jars(version))
            return None
        except subprocess.TimeoutExpired:
            return "Maven did not fetch it within 300 s"
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def choose(say=lambda line: print(line, file=sys.stderr)):
    """The broker to use on this machine, not yet started."""
    theirs = os.environ.get("ANALYTICS_KAFKA_BOOTSTRAP_SERVERS")
    if theirs:
        return Broker(theirs)
    why_not = fetch()
    if why_not is None:
        return Kafka()
    say(f"broker: no Apache Kafka here ({why_not}); using the embedded broker")
    return Embedded()
