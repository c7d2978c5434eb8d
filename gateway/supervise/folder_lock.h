/*
 * folder_lock.h - one master per data folder (flock(2)); the folder is made with mode 0700 where it is missing.
 */
#ifndef SUPERVISE_FOLDER_LOCK_H
#define SUPERVISE_FOLDER_LOCK_H

#include "base/err.h"

/* A descriptor that holds the lock until it is closed, or -1. */
int folder_lock(const char *folder, struct err *err) MUST_CHECK;

#endif
