package io.roomcast.client;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;

/** What was said and is not confirmed (with numbers), and what waits for the room (without). */
final class Outbox {
    @SuppressWarnings("serial")
    static final class Full extends IllegalStateException {
        Full(String what) {
            super(what);
        }
    }

    private record Waiting(Signal signal, int size) {
    }

    private final int maxKept;
    private final int maxWaiting;
    private final int maxBytes;
    private final Deque<Signal> kept = new ArrayDeque<>();
    private final Deque<Waiting> waiting = new ArrayDeque<>();
    private int bytes;
    private long last;
    private boolean counting = true;

    Outbox(Protocol protocol, long last) {
        maxKept = protocol.limit("unconfirmedSignals");
        maxWaiting = protocol.limit("offlineSignals");
        maxBytes = protocol.limit("offlineBytes");
        this.last = last;
    }

    /** `op.n`: the number below the lowest that is kept, or the last one where nothing is. */
    long below() {
        return kept.isEmpty() ? last : kept.peek().n - 1;
    }

    /** Takes the `n` of a JOIN ack and gives what to say again; a server without it counts nothing from then on. */
    List<Signal> accepted(Long n) {
        counting = n != null;
        confirm(n);
        List<Signal> again = kept();
        if (!counting) {
            kept.clear();
        }
        return again;
    }

    void confirm(Long n) {
        if (n == null) {
            return;
        }
        while (!kept.isEmpty() && kept.peek().n <= n) {
            kept.poll();
        }
        last = Math.max(last, n);
    }

    boolean hasRoom() {
        return kept.size() < maxKept;
    }

    List<Signal> kept() {
        return List.copyOf(kept);
    }

    /** A number is given when the signal is first written. */
    Signal number(Signal signal) {
        if (counting) {
            signal.n = ++last;
            kept.add(signal);
        }
        return signal;
    }

    void queue(Signal signal, int size) {
        if (waiting.size() >= maxWaiting || bytes + size > maxBytes) {
            throw new Full("too much waits for the room");
        }
        waiting.add(new Waiting(signal, size));
        bytes += size;
    }

    /** Puts a signal before all that waits: there is always room for it. */
    void queueFirst(Signal signal) {
        waiting.addFirst(new Waiting(signal, 0));
    }

    int waiting() {
        return waiting.size();
    }

    Signal next() {
        Waiting first = waiting.remove();
        bytes -= first.size;
        return first.signal;
    }

    void drop() {
        kept.clear();
        waiting.clear();
        bytes = 0;
    }
}
