/* The GPU as the program sees it: --device, LSV_DEVICE, --calibrate, %device, and what the backend has to say. */
#ifndef REPL_DEVICE_H
#define REPL_DEVICE_H

#include "repl/session.h"

/* --device NAME (NULL: LSV_DEVICE, else auto). -1: go on; else the exit status, and a message is on standard error. */
int device_begin(const char *name);
/* --calibrate: measures both backends and keeps the result for this machine; the exit status. */
int device_calibrate(void);
/* The backend's notices go through the session's warnings from now on. */
void device_watch(session *s);
/* After a cell: names the variables that were lost if a GPU failed in it. */
void device_after_cell(session *s);
/* At the prompt: a GPU comes up in the background while the first line is typed. */
void device_warm(void);
/* %device [cpu|gpu|auto|explain]; false: error set. */
bool device_magic(session *s, const char *arg);

#endif
