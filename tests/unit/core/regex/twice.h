/* Runs tests in a process that may write no code, so that expressions are interpreted, and then in
 * this one, where they are compiled. */
#pragma once

#include <stddef.h>

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef PR_SET_MDWE
#define PR_SET_MDWE 65 /* since Linux 6.3; an older kernel refuses it, and all is compiled */
#endif
#define REFUSE_EXEC_GAIN 1UL

static inline int run_twice(int (*run)(void))
{
    pid_t child = fork();
    if (child == 0) {
        (void)prctl(PR_SET_MDWE, REFUSE_EXEC_GAIN, 0UL, 0UL, 0UL); /* see above */
        _exit(run());
    }
    int status = 0;
    if (child < 0 || waitpid(child, &status, 0) != child || status != 0)
        return 1;
    return run();
}
