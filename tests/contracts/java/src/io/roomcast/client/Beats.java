package io.roomcast.client;

import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;

/** The heartbeats of a membership: one each interval, and one soon where much is unconfirmed. */
final class Beats {
    private final Client client;
    private final Membership room;
    private ScheduledFuture<?> beating;
    private long last;
    private boolean hurrying;
    private int count;

    Beats(Client client, Membership room) {
        this.client = client;
        this.room = room;
    }

    void start(long interval) {
        stop();
        beating = client.loop.scheduleAtFixedRate(() -> beat(null), interval, interval, TimeUnit.MILLISECONDS);
    }

    void stop() {
        if (beating != null) {
            beating.cancel(false);
        }
    }

    /** `wanted` false asks for no ack; null leaves the default, which is an ack. */
    void beat(Boolean wanted) {
        if (!room.isJoined()) {
            return;
        }
        Signal beat = Signal.of("HEARTBEAT");
        beat.bid = String.valueOf(++count);
        beat.send_ack = wanted;
        last = client.now();
        room.sendBeat(beat);
    }

    void hurry(int unconfirmed) {
        if (!hurrying && unconfirmed >= client.protocol.limit("hurryingSignals")) {
            hurrying = true;
            long pause = last + client.protocol.limit("hurryingInterval") - client.now();
            client.later(Math.max(0, pause), () -> {
                hurrying = false;
                beat(null);
            });
        }
    }
}
