"""Events as the services write them, each service with its own serializer's habits.

An emitter takes a random generator and a time, and returns the JSON text of one event. The time knows every form in
which services write it, so the same emitters make the benchmark's events (absolute times, Moment) and the sample's
(times relative to the moment of producing, Ago):

instant  ISO 8601 in UTC with microseconds              canonical events
nanos    ISO 8601 in UTC with nanoseconds               execution-service (Go)
epoch    seconds as a decimal with nanoseconds          guides-service (Jackson, timestamps as numbers)
array    [y,mo,d,h,mi,s,nanos], zeroes at the end left  iam-, community-, challenges-service (Jackson, dates as arrays)
         out: seven, six or five members
"""
import datetime

LANGUAGES = ("cpp", "java", "python", "go", "rust")
STATUSES = ("completed", "failed", "timed_out", "queued")
PROVIDERS = ("google", "github", "local")
NAMES = ("Ana", "Luís", "Zoë", "Miguel", "Søren", "Noor", "Chiara", "Tomás")
SURNAMES = ("Rojas", "García", "Nguyễn", "Okafor", "Müller", "Quispe", "Larsen")
TENANTS = ("academy-123", "academy-7", "bootcamp-lima", "uni-north")
SECOND = 1_000_000_000  # in nanoseconds
ARRAY_MEMBERS = (7, 7, 7, 7, 7, 6, 5)  # how often the zeroes at the end happen, far more often than in life


class Moment:
    """A time in nanoseconds since the epoch."""

    def __init__(self, nanoseconds):
        self.nanoseconds = nanoseconds
        self.clock = datetime.datetime.fromtimestamp(nanoseconds // SECOND, datetime.timezone.utc)

    def instant(self):
        return f'"{self.clock:%Y-%m-%dT%H:%M:%S}.{self.nanoseconds % SECOND // 1000:06}Z"'

    def nanos(self):
        return f'"{self.clock:%Y-%m-%dT%H:%M:%S}.{self.nanoseconds % SECOND:09}Z"'

    def epoch(self):
        return f"{self.nanoseconds // SECOND}.{self.nanoseconds % SECOND:09}"

    def array(self, members=7):
        c, rest = self.clock, self.nanoseconds % SECOND
        numbers = (c.year, c.month, c.day, c.hour, c.minute, c.second, rest)
        return "[" + ",".join(map(str, numbers[:members])) + "]"


class Ago:
    """A time so many seconds before an event is produced: writes placeholders, which resolve() replaces."""

    def __init__(self, seconds):
        self.seconds = seconds

    def instant(self):
        return f"{{{{instant {self.seconds:.9f}}}}}"

    def nanos(self):
        return f"{{{{nanos {self.seconds:.9f}}}}}"

    def epoch(self):
        return f"{{{{epoch {self.seconds:.9f}}}}}"

    def array(self, members=7):
        return f"{{{{array{members} {self.seconds:.9f}}}}}"


def uuid(rng):
    digits = f"{rng.getrandbits(128):032x}"
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"


def pick(rng, choices):
    return choices[rng.getrandbits(16) % len(choices)]


def canonical(rng, when, tenant=True, timed=True, key=True):
    """challenge-service, which speaks the canonical form."""
    student = rng.getrandbits(16)
    return (f'{{"eventType":"challenge.{pick(rng, ("completed", "started", "reviewed", "abandoned"))}",'
            f'"source":"challenge-service",' + (f'"occurredAt":{when.instant()},' if timed else "")
            + (f'"tenantId":"{pick(rng, TENANTS)}",' if tenant else "")
            + (f'"eventId":"{uuid(rng)}",' if key else "")
            + f'"payload":{{"challengeId":"{uuid(rng)}","studentId":"s-{student}","studentName":"{pick(rng, NAMES)} '
            f'{pick(rng, SURNAMES)}","score":{rng.getrandbits(7)}.{rng.getrandbits(6):02},"attempt":{student % 5 + 1},'
            f'"tags":["{pick(rng, LANGUAGES)}","level-{student % 9}"],"session":{{"device":"web","seconds":'
            f'{rng.getrandbits(11)}}},"submittedAt":{when.instant()}}}}}')


def iam(rng, when):
    """iam-service: a user registered."""
    name = pick(rng, NAMES)
    user = uuid(rng)
    return (f'{{"userId":"{user}","email":"{user[:8]}@example.com","firstName":"{name}",'
            f'"lastName":"{pick(rng, SURNAMES)}","profileUrl":"https://cdn.example.com/avatars/{user}.png",'
            f'"provider":"{pick(rng, PROVIDERS)}",'
            f'"registeredAt":{when.array(pick(rng, ARRAY_MEMBERS))}}}')


def guides(rng, when):
    """guides-service: a challenge was linked to a guide."""
    return f'{{"guideId":"{uuid(rng)}","challengeId":"{uuid(rng)}","occurredAt":{when.epoch()}}}'


def execution(rng, when):
    """execution-service: a program ran against a challenge's tests."""
    total = rng.getrandbits(2) + 1
    passed = rng.getrandbits(4) % (total + 1)
    results = ",".join(f'{{"test_id":"t{n}","test_name":"case {n}","passed":{"true" if n < passed else "false"},'
                       f'"error_message":"{"" if n < passed else "expected 4, got 5"}"}}' for n in range(total))
    return (f'{{"execution_id":"{uuid(rng)}","challenge_id":"{uuid(rng)}","code_version_id":"v{rng.getrandbits(8)}",'
            f'"student_id":"s-{rng.getrandbits(16)}","language":"{pick(rng, LANGUAGES)}",'
            f'"status":"{pick(rng, STATUSES)}",'
            f'"timestamp":{when.nanos()},"execution_time_ms":{rng.getrandbits(12)},"exit_code":{rng.getrandbits(1)},'
            f'"total_tests":{total},"passed_tests":{passed},"failed_tests":{total - passed},'
            f'"success":{"true" if passed == total else "false"},"test_results":[{results}],'
            f'"server_instance":"runner-{rng.getrandbits(3)}"}}')


def community(rng, when):
    """community-service: a profile was made (profileUrl null) or changed."""
    user = uuid(rng)
    url = f'"https://cdn.example.com/profiles/{user}.png"' if rng.getrandbits(1) else "null"
    return (f'{{"userId":"{user}","profileId":"{uuid(rng)}",'
            f'"username":"{pick(rng, NAMES).lower()}{rng.getrandbits(12)}","profileUrl":{url},'
            f'"occurredOn":{when.array(pick(rng, ARRAY_MEMBERS))}}}')


def completion(rng, when):
    """challenges-service: a solution passed."""
    points = rng.getrandbits(7)
    return (f'{{"studentId":"s-{rng.getrandbits(16)}","challengeId":"{uuid(rng)}","solutionId":"{uuid(rng)}",'
            f'"experiencePointsEarned":{points},"totalExperiencePoints":{points + rng.getrandbits(10)},"passedTests":4,'
            f'"totalTests":5,"allTestsPassed":false,"executionTimeMs":{rng.getrandbits(10)},'
            f'"solutionTimeSeconds":{rng.getrandbits(12)},"scoreMultiplier":0.{rng.getrandbits(6):02},'
            f'"timePenaltyApplied":true,"scoringReason":"late","alreadyCompleted":false,'
            f'"completedAt":{when.array(6)},"occurredOn":{when.array(pick(rng, ARRAY_MEMBERS))}}}')


# In per cent: how often each kind comes.
PROPORTIONS = ((40, canonical), (10, iam), (8, guides), (22, execution), (12, community), (8, completion))
BY_PERCENT = tuple(emitter for share, emitter in PROPORTIONS for _ in range(share))
