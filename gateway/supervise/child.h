/*
 * child.h - forking a worker: its own process group, dead when the master dies, only the descriptors it needs, and a control
 * socket to the master.
 *
 * On that socket the worker says READY once, and receives listening sockets whose own worker keeps crashing, each with its door.
 */
#ifndef SUPERVISE_CHILD_H
#define SUPERVISE_CHILD_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "supervise/sockets.h"

/*
 * In the master: the pid, or -1; *ret_control is the master's end, non-blocking. In the child: 0; *ret_control is its own end.
 * keep: descriptors that the child keeps beside the standard three, -1 for none.
 */
pid_t child_fork(const int keep[DOORS], int *ret_control);

void child_say_ready(int control);
/* True when the worker has said it. False: nothing there (yet), or it is gone. */
bool child_heard_ready(int control);
bool child_send_socket(int control, enum door door, int fd);
/* A socket sent by the master, or -1. *ret_gone: the master is no more. */
int child_take_socket(int control, enum door *ret_door, bool *ret_gone);

#endif
