package io.roomcast.client;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Supplier;

/** Brings the next access token before the last one ends. Times are in milliseconds. */
final class Renewal {
    private final ScheduledExecutorService loop;
    private final Supplier<String> tokens;
    private final Consumer<String> say;
    private Future<?> next;
    private String current;
    private String sent;
    private long retry;

    Renewal(ScheduledExecutorService loop, Supplier<String> tokens, Consumer<String> say) {
        this.loop = loop;
        this.tokens = tokens;
        this.say = say;
    }

    void opened(String token) {
        if (token != null) {
            current = token;
            JsonNode claims = claims(token);
            schedule(pause(left(claims, claims.get("exp").asDouble())));
        }
    }

    void answered(Ack ack) {
        if (ack.c() != 200) {
            failed();
            return;
        }
        current = sent;
        retry = 0;
        long left = left(claims(current), ack.b().exp());
        schedule(Math.max(pause(left), Math.min(10_000, left / 2)));
    }

    void stop() {
        if (next != null) {
            next.cancel(false);
        }
    }

    /** No more than `exp` less `iat`, whatever the clock says. */
    private static long left(JsonNode claims, double exp) {
        double life = (exp - claims.get("iat").asDouble()) * 1000;
        return Math.round(Math.min(exp * 1000 - System.currentTimeMillis(), life));
    }

    static long pause(long left) {
        return Math.max(0, left < 60_000 ? left / 2 : left - 30_000);
    }

    private void renew() {
        String token = tokens.get();
        if (token == null || token.equals(current)) {
            failed();
            return;
        }
        sent = token;
        Signal renew = Signal.of("RENEW");
        renew.token = token;
        say.accept(Protocol.write(new Signal.Envelope("renew", renew)));
        schedule(10_000, this::failed);
    }

    private void failed() {
        retry = retry == 0 ? 1000 : Math.min(10_000, retry * 2);
        schedule(Math.round(retry * (1 - Math.random() / 2)));
    }

    private void schedule(long pause) {
        schedule(pause, this::renew);
    }

    private void schedule(long pause, Runnable work) {
        stop();
        next = loop.schedule(work, pause, TimeUnit.MILLISECONDS);
    }

    private static JsonNode claims(String token) {
        byte[] json = Base64.getUrlDecoder().decode(token.split("\\.")[1]);
        return Protocol.parse(new String(json, StandardCharsets.UTF_8));
    }
}
