#ifndef SYNC_H
#define SYNC_H

/* fsync(2) in a thread, for a disk may take seconds and others wait for us. */

/*
 * Returns a descriptor that becomes readable once it is done, or -1 where that
 * cannot be had. The file may be closed meanwhile.
 */
int	sync_begin(int fd);

/*
 * Returns 0 or the errno of fsync, and wait is closed; EINPROGRESS before that.
 * Closing wait gives up asking.
 */
int	sync_end(int wait);

/* At once, sleeping: 0 or errno. What cannot be synced need not be. */
int	sync_now(int fd);

#endif
