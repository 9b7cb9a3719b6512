package io.roomcast.client;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;

/** A TCP proxy that can hold bytes back, lose them and cut lines. Lines that come after a hold are not held. */
final class Proxy implements AutoCloseable {
    private final ServerSocket listening = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    private final URI server;
    private final List<Line> lines = new ArrayList<>();
    private boolean muteNext;

    private static final class Line {
        final List<Socket> ends = new ArrayList<>();
        boolean held;
        boolean muting;
        boolean mute;
        int bytesHeld;
    }

    Proxy(URI server) throws IOException {
        this.server = server;
        daemon(() -> {
            while (true) {
                Socket near = listening.accept();
                Socket far = new Socket(server.getHost(), server.getPort());
                Line line = new Line();
                line.ends.addAll(List.of(near, far));
                synchronized (this) {
                    line.muting = muteNext;
                    muteNext = false;
                    lines.add(line);
                }
                daemon(() -> pump(line, near, far, false));
                daemon(() -> pump(line, far, near, true));
            }
        });
    }

    URI address() {
        return URI.create("http://127.0.0.1:" + listening.getLocalPort());
    }

    /** The lines of now carry nothing any more, in either direction, and stay open. */
    synchronized void hold() {
        lines.forEach(line -> line.held = true);
    }

    /** The next line loses all answers but the handshake's. */
    synchronized void muteNext() {
        muteNext = true;
    }

    /** Waits until that much was swallowed on its way to the server or back. */
    synchronized void awaitHeld(int bytes) throws InterruptedException {
        while (lines.stream().mapToInt(line -> line.bytesHeld).sum() < bytes) {
            wait();
        }
    }

    synchronized int lines() {
        return lines.size();
    }

    synchronized void cut() throws IOException {
        for (Line line : lines) {
            for (Socket end : line.ends) {
                if (!end.isClosed()) {
                    end.setSoLinger(true, 0);
                    end.close();
                }
            }
        }
    }

    private void pump(Line line, Socket from, Socket to, boolean answers) throws IOException {
        InputStream in = from.getInputStream();
        OutputStream out = to.getOutputStream();
        byte[] buffer = new byte[65536];
        for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
            synchronized (this) {
                if (line.held || answers && line.mute) {
                    line.bytesHeld += n;
                    notifyAll();
                    continue;
                }
            }
            out.write(buffer, 0, n);
            if (answers && line.muting) {
                line.mute = true;
            }
        }
        from.close();
        to.close();
    }

    private interface Work {
        void run() throws IOException;
    }

    private static void daemon(Work work) {
        Thread thread = new Thread(() -> {
            try {
                work.run();
            } catch (IOException e) {
                // the line is gone
            }
        });
        thread.setDaemon(true);
        thread.start();
    }

    @Override
    public void close() throws IOException {
        cut();
        listening.close();
    }
}
