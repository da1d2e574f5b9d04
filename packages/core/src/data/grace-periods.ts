/**
 * How long the gateway waits for something that normally follows at once, in milliseconds. Each period is
 * named by what comes, and what it comes after. They are not options: a longer one only delays a rare
 * answer, and a shorter one fails where the machine is busy.
 *
 * Measured with 16 scripts at a time on two processors with a load average of 16 (400 scripts each,
 * posix_spawn / child_process): the exit came after the end of output by 0 / 1 ms (median), 124 / 124 ms (99 %)
 * and 196 / 127 ms (the longest); the end of standard error after the exit by 0 / 3, 26 / 50 and 84 / 50 ms.
 */

/** The exit of a script, for the reason of a failure. A script may also close its output and go on. */
export const EXIT_AFTER_OUTPUT_END = 250

/**
 * The exit of a script that has written a whole small answer. Without it, the answer is sent as a stream
 * instead of with its length: a script that goes on delays its client by no more than this.
 */
export const EXIT_AFTER_SMALL_ANSWER = 20

/** The end of standard error, for the error page. A background child may hold it open. */
export const STANDARD_ERROR_AFTER_FAILURE = 250

/** The end of standard error, whose last line tells whether the confinement could start the script. */
export const STANDARD_ERROR_AFTER_EXIT = 100

/** The end of output from an exited process, before libuv watches the pipe: a child may hold it open. */
export const OUTPUT_END_AFTER_EXIT = 20

/** The exit, after the `terminate()` of a transport from outside has resolved. */
export const EXIT_AFTER_TERMINATION = 250

/** The end of `terminate()`, `open()` and `close()` of a transport from outside, beyond `killTimeout`. */
export const TRANSPORT_AFTER_KILL_TIMEOUT = 1_000

/** The pid of a process that another thread starts while this process ends. */
export const PID_AFTER_START = 50

/** The next bytes of a client below `minRate`: a lost packet costs several seconds of TCP back-off. */
export const BYTES_OF_SLOW_CLIENT = 10_000
