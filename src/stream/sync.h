#ifndef SYNC_H
#define SYNC_H

/* fsync(2) in a thread: it may take seconds, in which the loop must go on. */

/*
 * Begins. Returns a descriptor to wait for and give to sync_end, or -1 where no
 * thread can be had. The file may be closed meanwhile.
 */
int	sync_begin(int fd);

/*
 * EINPROGRESS until wait is readable; then 0 or the errno of fsync(2), and
 * wait is closed. To abandon the sync, close wait instead.
 */
int	sync_end(int wait);

/* The same at once, sleeping: 0 or errno; 0 for what needs no sync (a FIFO). */
int	sync_now(int fd);

#endif
