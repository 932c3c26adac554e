/*
 * Two relays (src/relay) and the TCP connection between them. States and rules
 * have the names they have there: flow.h, relay.h, check_end.c.
 *
 * Bytes and FIN take their time on the way; where there is trouble, an end may be
 * killed at any moment, its output may fail, or its input. What must hold is in
 * the asserts of done(), and that no run stops before both are RELAY_DONE, which
 * spin(1) finds as an invalid end state.
 */

#define BYTES	2	/* an input has so many at most */
#define WINDOW	1	/* bytes that a kernel keeps for who has not read them */

mtype = { FLOW_OPEN, FLOW_DRAIN, FLOW_CLOSED };
mtype = { RELAY_RUN, RELAY_CONFIRM, RELAY_DONE };
mtype = { UNKNOWN, EXIT_DONE, EXIT_NETWORK, EXIT_LOCAL, EXIT_SIGNAL };

typedef relay {
	mtype state = RELAY_RUN;
	mtype code = UNKNOWN;
	mtype send = FLOW_OPEN;
	mtype receive = FLOW_OPEN;
	bool mute;		/* there is no input */
	byte input;		/* bytes it has */
	byte taken;		/* of those */
	byte rests;		/* received, not yet with the sink */
	byte moved;		/* with the sink */
	bool told;		/* the sink is closed: it has all */
}

/* What has left an end, and is not yet with the other's kernel. */
typedef way {
	byte octets;
	bool fin;
}

/* What a kernel has for its relay. */
typedef socket {
	byte unread;
	bool fin;
	bool reset;
	bool shut;		/* our FIN has been given to it */
}

bool trouble;			/* something may befall them */
relay end[2];
way to[2];
socket at[2];

#define other		(1 - me)
#define unacknowledged	(to[other].octets > 0)

/* An abort: the kernel forgets all and says so. */
inline reset_other() {
	to[other].octets = 0;
	to[other].fin = false;
	if
	:: end[other].state != RELAY_DONE -> at[other].reset = true
	:: else
	fi
}

inline done(why) {
	end[me].state = RELAY_DONE;
	end[me].code = why;
	if
	:: why != EXIT_DONE || at[me].unread > 0 -> reset_other()
	:: else
	fi;
	/* Whoever says so has all that the other was to send. */
	assert(why != EXIT_DONE || (end[me].moved == end[other].input &&
	    end[me].told && end[me].taken == end[me].input));
	/* The other's kernel has all of ours. */
	assert(why != EXIT_DONE || !unacknowledged);
	/* A receiver without input says FIN only when all is in its sink. */
	assert(why != EXIT_DONE || !end[other].mute ||
	    (end[other].moved == end[me].input && end[other].told));
	/* Both cannot be content while a byte is missing. */
	assert(!(end[0].code == EXIT_DONE && end[1].code == EXIT_DONE) ||
	    (end[0].moved == end[1].input && end[1].moved == end[0].input))
}

/*
 * One step is one thing done, whichever; the order in which relay_step does
 * them is one of all these.
 */
proctype relay_step(byte me) {
	do
	:: end[me].state == RELAY_DONE -> break
	/* send: fill and drain */
	:: atomic { end[me].state == RELAY_RUN && end[me].send == FLOW_OPEN &&
	    !end[me].mute && end[me].taken < end[me].input &&
	    !at[me].reset && to[other].octets < WINDOW ->
		end[me].taken++;
		to[other].octets++ }
	:: atomic { end[me].state == RELAY_RUN && end[me].send == FLOW_OPEN &&
	    !end[me].mute && end[me].taken == end[me].input ->
		end[me].send = FLOW_DRAIN }
	/* tell_sink */
	:: atomic { end[me].state == RELAY_RUN && end[me].send == FLOW_DRAIN ->
		end[me].send = FLOW_CLOSED;
		at[me].shut = true;
		to[other].fin = !at[me].reset }
	/* receive: fill, and drain as far as the sink takes it */
	:: atomic { end[me].state == RELAY_RUN &&
	    end[me].receive == FLOW_OPEN && at[me].unread > 0 &&
	    end[me].rests == 0 ->
		at[me].unread--;
		end[me].rests++ }
	:: atomic { end[me].state == RELAY_RUN && end[me].rests > 0 ->
		end[me].rests--;
		end[me].moved++ }
	:: atomic { end[me].state == RELAY_RUN &&
	    end[me].receive == FLOW_OPEN && at[me].unread == 0 &&
	    at[me].fin && !at[me].reset ->
		end[me].receive = FLOW_DRAIN }
	:: atomic { end[me].state == RELAY_RUN &&
	    end[me].receive == FLOW_DRAIN && end[me].rests == 0 ->
		end[me].receive = FLOW_CLOSED;
		end[me].told = true }
	/* after_peer_end */
	:: atomic { end[me].state == RELAY_RUN &&
	    end[me].receive == FLOW_CLOSED && end[me].send == FLOW_OPEN &&
	    end[me].mute ->
		end[me].send = FLOW_DRAIN }
	/* check_ends, clean_end */
	:: atomic { end[me].state == RELAY_RUN &&
	    end[me].receive == FLOW_CLOSED && end[me].send == FLOW_CLOSED ->
		if
		:: end[me].taken == 0 -> done(EXIT_DONE)
		:: else -> end[me].state = RELAY_CONFIRM
		fi }
	/* check_confirmed */
	:: atomic { end[me].state == RELAY_CONFIRM && at[me].reset ->
		done(EXIT_NETWORK) }
	:: atomic { end[me].state == RELAY_CONFIRM && !at[me].reset &&
	    !unacknowledged ->
		done(EXIT_DONE) }
	/* check_breaks: what had arrived is delivered first */
	:: atomic { end[me].state == RELAY_RUN && at[me].reset &&
	    at[me].unread == 0 && end[me].rests == 0 &&
	    !(end[me].receive == FLOW_CLOSED && end[me].taken == 0) ->
		done(EXIT_NETWORK) }
	/* what can befall it */
	:: atomic { trouble && end[me].state == RELAY_RUN &&
	    end[me].rests > 0 -> done(EXIT_LOCAL) }
	:: atomic { trouble && end[me].state == RELAY_RUN &&
	    end[me].send == FLOW_OPEN && !end[me].mute ->
		done(EXIT_LOCAL) }
	:: atomic { trouble && end[me].state != RELAY_DONE -> done(EXIT_SIGNAL) }
	od
}

/* The way to an end. What comes to one that is gone is answered by RST. */
proctype tcp(byte me) {
	do
	:: atomic { to[me].octets > 0 && end[me].state != RELAY_DONE &&
	    at[me].unread < WINDOW ->
		to[me].octets--;
		at[me].unread++ }
	:: atomic { to[me].octets > 0 && end[me].state == RELAY_DONE ->
		to[me].octets = 0;
		at[other].reset = end[other].state != RELAY_DONE }
	:: atomic { to[me].octets == 0 && to[me].fin ->
		to[me].fin = false;
		at[me].fin = true }
	:: end[0].state == RELAY_DONE && end[1].state == RELAY_DONE -> break
	od
}

init {
	atomic {
		if
		:: trouble = true
		:: skip
		fi;
		if
		:: end[0].mute = true
		:: end[1].mute = true
		:: skip
		fi;
		byte i, i_bytes;
		for (i : 0 .. 1) {
			if
			:: end[i].mute
			:: !end[i].mute -> select(i_bytes : 0 .. BYTES);
				end[i].input = i_bytes
			fi
		}
		run relay_step(0);
		run relay_step(1);
		run tcp(0);
		run tcp(1)
	}
}
