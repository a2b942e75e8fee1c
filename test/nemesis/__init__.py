"""The nemesis: injects faults into everything that the promise of delivery rests on, then counts.

A campaign produces records without a pause, lets ingestors bring them into a database and publish feeds of it, and
meanwhile kills, freezes, stops, cuts, locks and fills whatever it can. In the end all is healed, and what the database
holds is compared with what was produced, and what a consumer of the feeds has replayed with what the database holds.

records    what is produced, each record told what must become of it
ledger     the records that Kafka took, by place: the oracle, kept by the producers alone
producers  idempotent and transactional producers that write the ledger
editors    sessions that update, delete and store again, and the list of what they have done
feeds      the feeds, and who follows their topics
wire       PostgreSQL's protocol, just enough of it to see a batch's COMMIT go by
proxy      stands between an ingestor and PostgreSQL, and cuts connections at chosen points of the protocol
kafka_…    kafka_wire and kafka_proxy: the same between those that publish and Kafka
disk       a small file system that can be full
fleet      the ingestors, real processes
world      all of that with a cluster and a broker of its own
faults     one class a kind of fault: what it needs for itself, how it is injected, how it is healed
locks      the faults that are locks
publishing the faults of those that publish, at the commit of a transaction of Kafka
passing    long transactions, retention, and maintenance
campaign   which fault when, by a seed
verdict    database against ledger

    test/nemesis/soak --faults 67             the short run of make check, two minutes
    make soak FAULTS=1000 SEED=7              the long one

The seed decides the records, the order of the faults and their parameters. It can't decide how processes interleave,
so a seed that has found something finds it again often, not always.
"""
