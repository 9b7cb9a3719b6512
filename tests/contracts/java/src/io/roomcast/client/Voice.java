package io.roomcast.client;


/** Writes the signals of one member to the connection of its client. */
final class Voice {
    /** A signal gets its number, of so many characters, after its length was held against the limit. */
    private static final int NUMBER = 32;

    private final Client client;
    private final Room.Wish wish;

    Voice(Client client, Room.Wish wish) {
        this.client = client;
        this.wish = wish;
    }

    void write(Signal signal) {
        client.write(envelope(signal));
    }

    /** The bytes of a signal; fails where the server would not take so many. */
    int size(Signal signal) {
        int size = Protocol.bytes(Protocol.write(envelope(signal)));
        if (size + NUMBER > client.protocol.limit("maxMessage")) {
            throw new IllegalArgumentException("the message is too long");
        }
        return size;
    }

    private Signal.Envelope envelope(Signal signal) {
        signal.ch = wish.ch();
        signal.rid = wish.rid();
        signal.ss = wish.session();
        return new Signal.Envelope(client.protocol.action(signal.s), signal);
    }
}
