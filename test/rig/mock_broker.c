/* The embedded broker: librdkafka's mock cluster as a process. Prints its bootstrap servers and serves until SIGTERM or
 * SIGINT. A topic is made, with four partitions, when a client first asks for it. */
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <signal.h>
#include <stdio.h>

int main(void)
{
    char reason[512];
    sigset_t stop;
    int received;

    /* Blocked before the library's threads exist, so that only sigwait sees them. */
    sigemptyset(&stop);
    sigaddset(&stop, SIGTERM);
    sigaddset(&stop, SIGINT);
    sigprocmask(SIG_BLOCK, &stop, NULL);

    /* The owner is never used as a client: no word about the brokers it lacks. */
    rd_kafka_conf_t *quiet = rd_kafka_conf_new();
    rd_kafka_conf_set(quiet, "log_level", "0", NULL, 0);
    rd_kafka_t *owner = rd_kafka_new(RD_KAFKA_PRODUCER, quiet, reason, sizeof reason);
    if (owner == NULL) {
        fprintf(stderr, "mock_broker: %s\n", reason);
        return 1;
    }
    rd_kafka_mock_cluster_t *cluster = rd_kafka_mock_cluster_new(owner, 1);
    puts(rd_kafka_mock_cluster_bootstraps(cluster));
    fflush(stdout);
    sigwait(&stop, &received);
    rd_kafka_mock_cluster_destroy(cluster);
    rd_kafka_destroy(owner);
    return 0;
}
