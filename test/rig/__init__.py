"""The rig: private servers for the demo, the tests and the benchmark, in one place.

place         where private things live, whom PostgreSQL runs as, processes that never outlive their parent
installation  a private PostgreSQL installation that has this checkout's extension
cluster       a PostgreSQL cluster of its own on a unix socket
broker        Apache Kafka, the user's own broker or the embedded one
releases      the releases whose scripts sql/releases keeps
daemon        analytics-ingestor and analytics-http as child processes
"""
