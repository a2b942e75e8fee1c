"""analytics-http as a service of systemd: what it tells the manager."""
import signal


def test_it_is_ready_when_its_ports_are_open(http, manager):
    http(**manager.environment)
    manager.await_word("^READY=1$")
    manager.await_word("^STATUS=answering requests$")
    manager.await_signs()


def test_it_is_ready_though_the_database_is_away(server, database, http, manager):
    service = http(**manager.environment)
    server.stop()
    try:
        manager.await_word("^READY=1$")
        manager.await_signs()
        assert service.running
    finally:
        server.start()


def test_a_stop_is_announced(http, manager):
    service = http(**manager.environment)
    service.signal(signal.SIGTERM)
    manager.await_word("^STOPPING=1$")
    assert service.wait() == 0
