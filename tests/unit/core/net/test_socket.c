/* On 127.0.0.0/8 alone; nothing leaves the machine. */
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/loop/loop.h"
#include "core/net/net.h"

static struct net_address address_of(const char *text)
{
    struct net_address address;
    assert_int_equal(net_address_parse(str_of(text), &address), ERR_OK);
    return address;
}

/* A bound socket and the port that it got. */
static int bound(struct net_address *ret_address)
{
    struct net_address any = address_of("127.0.0.1:0");
    int fd;
    assert_int_equal(net_bind(&any, &fd, NULL), ERR_OK);
    assert_int_equal(net_local_address(fd, ret_address), ERR_OK);
    assert_true(ret_address->port != 0);
    return fd;
}

static int option(int fd, int level, int name)
{
    int value = 0;
    socklen_t size = sizeof(value);
    assert_int_equal(getsockopt(fd, level, name, &value, &size), 0);
    return value;
}

static bool wait_for(int fd, short events)
{
    struct pollfd entry = {.fd = fd, .events = events};
    return poll(&entry, 1, 5000) == 1;
}

static void bound_sockets_refuse_until_they_listen(void **state)
{
    (void)state;
    struct net_address address;
    int server = bound(&address);
    int client;
    enum err e = net_connect(&address, &client);
    if (e == ERR_OK) {
        assert_true(wait_for(client, POLLOUT));
        e = net_connect_result(client);
        close(client);
    }
    assert_int_equal(e, ERR_UNAVAILABLE);
    assert_int_equal(errno, ECONNREFUSED);
    close(server);
}

static void accepts(void **state)
{
    (void)state;
    struct net_address address;
    int server = bound(&address);
    assert_int_equal(net_listen(server, 16, NULL), ERR_OK);
    int accepted;
    struct net_address from;
    assert_int_equal(net_accept(server, &accepted, &from), ERR_AGAIN);

    int client;
    assert_int_equal(net_connect(&address, &client), ERR_OK);
    assert_true(wait_for(client, POLLOUT));
    assert_int_equal(net_connect_result(client), ERR_OK);
    assert_true(wait_for(server, POLLIN));
    assert_int_equal(net_accept(server, &accepted, &from), ERR_OK);
    struct net_address own;
    assert_int_equal(net_local_address(client, &own), ERR_OK);
    assert_true(net_address_equal(&own, &from));

    int fds[] = {server, client, accepted};
    for (size_t i = 0; i < ARRAY_SIZE(fds); i++) {
        assert_true((fcntl(fds[i], F_GETFL) & O_NONBLOCK) != 0);
        assert_true((fcntl(fds[i], F_GETFD) & FD_CLOEXEC) != 0);
        assert_int_equal(option(fds[i], IPPROTO_TCP, TCP_NODELAY), 1);
        close(fds[i]);
    }
}

static void workers_share_a_port_but_a_probe_does_not(void **state)
{
    (void)state;
    struct net_address address;
    int first = bound(&address);
    assert_int_equal(net_listen(first, 16, NULL), ERR_OK);
    int second;
    assert_int_equal(net_bind(&address, &second, NULL), ERR_OK);
    assert_int_equal(net_listen(second, 16, NULL), ERR_OK);

    struct err_info info;
    assert_int_equal(net_probe(&address, &info), ERR_CONFLICT);
    char text[NET_ADDRESS_TEXT_SIZE];
    (void)net_address_print(&address, text);
    assert_non_null(strstr(info.message, text));
    assert_non_null(strstr(info.message, "in use"));
    close(first);
    close(second);
    assert_int_equal(net_probe(&address, NULL), ERR_OK);
}

/* A restart has to bind while the connections of the former process are in TIME_WAIT. */
static void old_connections_do_not_hold_the_port(void **state)
{
    (void)state;
    struct net_address address, from;
    int server = bound(&address);
    assert_int_equal(net_listen(server, 16, NULL), ERR_OK);
    int client, accepted;
    assert_int_equal(net_connect(&address, &client), ERR_OK);
    assert_true(wait_for(server, POLLIN));
    assert_int_equal(net_accept(server, &accepted, &from), ERR_OK);
    close(accepted); /* the first to close waits */
    char byte;
    assert_true(wait_for(client, POLLIN));
    assert_int_equal(read(client, &byte, 1), 0);
    close(client);
    close(server);
    assert_int_equal(net_probe(&address, NULL), ERR_OK);
}

static void not_our_address(void **state)
{
    (void)state;
    struct net_address address = address_of("192.0.2.1:8080");
    struct err_info info;
    int fd = -7;
    assert_int_equal(net_bind(&address, &fd, &info), ERR_INVALID);
    assert_string_equal(info.message, "192.0.2.1:8080 is not an address of this machine");
    assert_int_equal(fd, -7);
}

static void no_descriptor_left(void **state)
{
    (void)state;
    struct net_address address, from;
    int server = bound(&address);
    assert_int_equal(net_listen(server, 16, NULL), ERR_OK);
    int client;
    assert_int_equal(net_connect(&address, &client), ERR_OK);
    assert_true(wait_for(server, POLLIN));

    struct rlimit before, none;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    none = before;
    none.rlim_cur = 3; /* all of these are in use */
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    int fd;
    enum err accept_error = net_accept(server, &fd, &from);
    enum err connect_error = net_connect(&address, &fd);
    enum err bind_error = net_bind(&address, &fd, NULL);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_int_equal(accept_error, ERR_LIMIT);
    assert_int_equal(connect_error, ERR_LIMIT);
    assert_int_equal(bind_error, ERR_LIMIT);
    assert_int_equal(net_accept(server, &fd, &from), ERR_OK); /* it has waited */
    close(fd);
    close(client);
    close(server);
}

struct ends {
    struct net_socket near;
    int far;
};

static void ends_open(struct ends *ends)
{
    int pair[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
    net_socket_init(&ends->near, pair[0]);
    ends->far = pair[1];
}

static void ends_close(struct ends *ends)
{
    assert_null(net_filter_free(&ends->near.filter)); /* leaves the descriptor */
    assert_int_equal(close(ends->near.fd), 0);
    if (ends->far != -1)
        close(ends->far);
}

static void socket_filter_reads(void **state)
{
    (void)state;
    struct ends ends;
    ends_open(&ends);
    struct net_filter *top = &ends.near.filter;
    assert_int_equal(net_handshake(top), ERR_OK);
    char data[8];
    size_t size;
    assert_int_equal(net_read(top, data, sizeof(data), &size), ERR_AGAIN);
    assert_int_equal(top->wants, LOOP_READ);
    assert_int_equal(write(ends.far, "hello", 5), 5);
    assert_int_equal(net_read(top, data, 3, &size), ERR_OK);
    assert_int_equal(size, 3);
    assert_false(net_pending(top)); /* what is left is with the kernel */
    assert_int_equal(net_read(top, data, sizeof(data), &size), ERR_OK);
    assert_int_equal(size, 2);
    assert_memory_equal(data, "lo", 2);
    close(ends.far);
    ends.far = -1;
    assert_int_equal(net_read(top, data, sizeof(data), &size), ERR_CLOSED);
    ends_close(&ends);
}

static void socket_filter_writes(void **state)
{
    (void)state;
    struct ends ends;
    ends_open(&ends);
    struct net_filter *top = &ends.near.filter;
    static char block[65536];
    const struct iovec parts[] = {{(char[]){"head"}, 4}, {block, sizeof(block)}};
    size_t size, total = 0;
    assert_int_equal(net_writev(top, parts, 2, &size), ERR_OK);
    total += size;
    enum err e;
    while ((e = net_writev(top, &parts[1], 1, &size)) == ERR_OK)
        total += size;
    assert_int_equal(e, ERR_AGAIN);
    assert_int_equal(top->wants, LOOP_WRITE);
    assert_int_equal(net_shutdown(top), ERR_OK);
    char data[4096];
    ssize_t got;
    while ((got = read(ends.far, data, sizeof(data))) > 0)
        total -= (size_t)got;
    assert_int_equal(got, 0); /* everything that was reported, then the end */
    assert_int_equal(total, 0);
    ends_close(&ends);
}

static void a_broken_connection_is_an_error_not_a_signal(void **state)
{
    (void)state;
    struct ends ends;
    ends_open(&ends);
    close(ends.far);
    ends.far = -1;
    const struct iovec part = {(char[]){"x"}, 1};
    size_t size;
    assert_int_equal(net_writev(&ends.near.filter, &part, 1, &size), ERR_SYSTEM);
    assert_int_equal(errno, EPIPE);
    ends_close(&ends);
}

/* From now on, for this process, the kernel is one without IPv6. */
static bool lose_ipv6(void)
{
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_socket, 0, 3),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[0])),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AF_INET6, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EAFNOSUPPORT),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {.len = ARRAY_SIZE(code), .filter = code};
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

static int bind_without_ipv6(void)
{
    struct net_address any = address_of("[::]:0");
    struct net_address one = address_of("[::1]:0");
    struct net_address got;
    int fd;
    if (!lose_ipv6() || net_bind(&one, &fd, NULL) != ERR_INVALID ||
        net_bind(&any, &fd, NULL) != ERR_OK || net_local_address(fd, &got) != ERR_OK)
        return 1;
    return got.family == NET_IPV4 && got.port != 0 ? 0 : 2;
}

static void all_addresses_are_those_that_there_are(void **state)
{
    (void)state;
    int status;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0)
        _exit(bind_without_ipv6());
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bound_sockets_refuse_until_they_listen),
        cmocka_unit_test(accepts),
        cmocka_unit_test(workers_share_a_port_but_a_probe_does_not),
        cmocka_unit_test(old_connections_do_not_hold_the_port),
        cmocka_unit_test(not_our_address),
        cmocka_unit_test(no_descriptor_left),
        cmocka_unit_test(all_addresses_are_those_that_there_are),
        cmocka_unit_test(socket_filter_reads),
        cmocka_unit_test(socket_filter_writes),
        cmocka_unit_test(a_broken_connection_is_an_error_not_a_signal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
