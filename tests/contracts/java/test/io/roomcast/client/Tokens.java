package io.roomcast.client;

import static io.roomcast.client.RoomcastTests.check;

import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.util.Base64;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/** Access tokens that end, against a server with a key and a grace of a second. */
final class Tokens {
    /** Seconds that a token is good for: no dial takes that long, and no scenario waits for much longer. */
    private static final int SHORT = 6;

    private final Conversations all;
    private final String secret;

    Tokens(Conversations all, String secret) {
        this.all = all;
        this.secret = secret;
    }

    Map<String, RoomcastTests.Scenario> scenarios() {
        return Map.of("refusal", this::refusal, "renewal", this::renewal, "end", this::end, "another", this::another);
    }

    private Member member(String rid, Supplier<String> tokens) {
        Room.Wish wish = new Room.Wish("p2p", rid, Member.session("ann"), true, true, true);
        return new Member(all, all.server, wish, null, tokens);
    }

    private void refusal() throws Exception {
        Member none = member("none", () -> null);
        String why = none.ended();
        check("refusal: without a token the dial is refused 401", why.contains("401"), why);
        none.close();
        String token = token("this", 60);
        Member wrong = member("other", () -> token);
        int c = wrong.told();
        check("refusal: a room that is not granted is 4051", c == 4051, c);
        wrong.close();
    }

    private void renewal() throws Exception {
        Member ann = member("renewal", () -> token("renewal", SHORT));
        ann.awaitMessages("<", "\"c\":200,\"s\":\"RENEW\"", 2);
        int closes = ann.messages("<close", "").size();
        check("renewal: said and taken before the end", closes == 0, closes);
        ann.close();
    }

    /** Where there is no other token, 4001 is the end. */
    private void end() throws Exception {
        AtomicReference<String> only = new AtomicReference<>();
        Member ann = member("end", () -> only.updateAndGet(one -> one == null ? token("end", SHORT) : one));
        ann.await("joined");
        String why = ann.ended();
        check("end: 4001 ends it", why.contains("4001"), why);
        ann.close();
    }

    /** The second token is there when the first one's connection was closed, and no sooner. */
    private void another() throws Exception {
        AtomicReference<Member> member = new AtomicReference<>();
        AtomicReference<String> first = new AtomicReference<>();
        member.set(member("another", () -> {
            if (member.get() != null && !member.get().messages("<close 4001", "").isEmpty()) {
                return token("another", 60);
            }
            return first.updateAndGet(one -> one == null ? token("another", SHORT) : one);
        }));
        member.get().await("joined");
        boolean resumed = member.get().await("joined").ack().b().resumed();
        check("another: 4001 and another token resume", resumed, "");
        member.get().close();
    }

    private String token(String room, int seconds) {
        long now = System.currentTimeMillis() / 1000;
        Base64.Encoder base64 = Base64.getUrlEncoder().withoutPadding();
        String claims = "{\"sub\":\"ann\",\"jti\":\"" + UUID.randomUUID() + "\",\"room\":{\"id\":\"" + room
                + "\",\"join\":true,\"create\":true},\"iat\":" + now + ",\"exp\":" + (now + seconds) + "}";
        String head = "{\"alg\":\"HS256\",\"typ\":\"JWT\"}";
        String text = base64.encodeToString(head.getBytes(StandardCharsets.UTF_8)) + "."
                + base64.encodeToString(claims.getBytes(StandardCharsets.UTF_8));
        try {
            Mac mac = Mac.getInstance("HmacSHA256");
            mac.init(new SecretKeySpec(secret.getBytes(StandardCharsets.UTF_8), "HmacSHA256"));
            return text + "." + base64.encodeToString(mac.doFinal(text.getBytes(StandardCharsets.UTF_8)));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }
}
