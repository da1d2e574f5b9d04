/*
 * What a gateway cannot do without, and nothing else: starts a program, reads its output to the end and waits
 * for it, with so many at once for so many seconds. Prints how many there were, the seconds and its own
 * processor time in seconds.
 *
 * usage: limit PROGRAM AT_ONCE SECONDS
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct run {
  pid_t pid;
  int output;
};

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec + time.tv_nsec / 1e9;
}

static struct run start(char *program) {
  struct run run;
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) fail("pipe2");
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
  char *arguments[] = {program, NULL}, *environment[] = {NULL};
  errno = posix_spawn(&run.pid, program, &actions, NULL, arguments, environment);
  if (errno != 0) fail("posix_spawn");
  posix_spawn_file_actions_destroy(&actions);
  close(ends[1]);
  run.output = ends[0];
  return run;
}

static void finish(struct run run) {
  char piece[65536];
  while (read(run.output, piece, sizeof piece) > 0) continue;
  close(run.output);
  int status;
  if (waitpid(run.pid, &status, 0) != run.pid || status != 0) fail("waitpid");
}

static double processor_time(void) {
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_utime.tv_sec + usage.ru_stime.tv_sec +
         (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

int main(int count, char **arguments) {
  if (count != 4) return 2;
  int at_once = atoi(arguments[2]);
  struct run *runs = calloc(at_once, sizeof *runs);
  double begin = now(), end = begin + atof(arguments[3]);
  /* Run number n takes the place of number n - at_once, which has ended by then. */
  long started = 0, finished = 0;
  for (; now() < end; started += 1) {
    if (started - finished == at_once) finish(runs[finished++ % at_once]);
    runs[started % at_once] = start(arguments[1]);
  }
  while (finished < started) finish(runs[finished++ % at_once]);
  printf("%ld %f %f\n", finished, now() - begin, processor_time());
  return 0;
}
