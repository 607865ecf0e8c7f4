/* Whether a call aborts: it runs in a child process, whose words are dropped. */
#pragma once

#include <stdbool.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

static inline bool aborts(void (*call)(void))
{
    (void)fflush(NULL); /* or the child prints it again */
    pid_t child = fork();
    if (child == 0) {
        (void)close(STDERR_FILENO); /* open, as in every test */
        call();
        _exit(0);
    }
    int status = 0;
    /* A sanitiser may end it first, with a status of its own. */
    return waitpid(child, &status, 0) == child && (!WIFEXITED(status) || WEXITSTATUS(status) != 0);
}
