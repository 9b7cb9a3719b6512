package io.roomcast.client;

import static io.roomcast.client.RoomcastTests.check;

import com.fasterxml.jackson.databind.JsonNode;
import io.roomcast.client.DataSignal.Part;
import io.roomcast.client.DataSignal.Segment;
import io.roomcast.client.DataSignal.Track;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/** The published media goes up as parts and comes down by blocking reload. */
final class Broadcasts {
    private static final int SECONDS = 60;

    /** A part with the segment that it belongs to. */
    private record Piece(Segment segment, Part part, byte[] bytes) {
    }

    private final Conversations all;
    private final JsonNode track;
    private final byte[] media;
    private final List<Piece> pieces = new ArrayList<>();

    Broadcasts(Conversations all) {
        this.all = all;
        track = Protocol.read(all.folder.resolve("vectors/media.json")).get("tracks").get(0);
        try {
            media = Files.readAllBytes(all.folder.resolve("vectors").resolve(track.get("file").asText()));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        for (JsonNode segment : track.get("segments")) {
            long sequence = segment.get("sequence").asLong();
            for (JsonNode part : segment.get("parts")) {
                String name = "p" + pieces.size() + ".m4s";
                pieces.add(new Piece(Segment.head("s" + sequence + ".m4s", sequence), new Part(name,
                        part.get("sequence").asLong(), part.get("duration").asDouble(),
                        part.get("independent").asBoolean() ? true : null, null, null), bytes(part.get("bytes"))));
            }
        }
    }

    Map<String, RoomcastTests.Scenario> scenarios() {
        return Map.of("broadcast", this::broadcast);
    }

    private byte[] bytes(JsonNode range) {
        int offset = range.get("offset").asInt();
        return Arrays.copyOfRange(media, offset, offset + range.get("length").asInt());
    }

    private void broadcast() throws Exception {
        try (Member sam = all.member("p2m", "show", "sam", true)) {
            sam.room.joined().get();
            Member vic = all.member("p2m", "show", "vic", false);
            check("broadcast: the second is a viewer", vic.room.joined().get().b().pt().equals("viewer"), "");
            Broadcast up = new Broadcast(all.protocol, Member.HTTP, all.server, sam.room, "main");
            Broadcast.Answer answer = part(up, 0, 0);
            check("broadcast: 4005 before the variant", answer.c() == 4005 && answer.status() == 404, answer);
            Track variant = Track.variant("v0", track.get("codecs").asText(), track.get("bandwidth").asLong(),
                    track.get("targetDuration").asDouble(), track.get("targetPartDuration").asDouble());
            answer = up.variant(variant, "init.mp4", bytes(track.get("map")));
            check("broadcast: variant", answer.c() == 200, answer);
            part(up, 0, 0);
            URI hls = all.server.resolve(vic.await("list", event -> event.ack().b().pps().get(0).hls() != null)
                    .ack().b().pps().get(0).hls());
            watch(up, hls);
            segments(hls);
            Ack fresh = sam.room.rejoin().get();
            check("broadcast: another JOIN brings a fresh token",
                    fresh.b().resumed() && fresh.b().hls().ingest() != null, fresh);
            sam.room.leave().get();
            vic.close();
        }
    }

    /** Uploads a part with the bytes of that or of another one. */
    private Broadcast.Answer part(Broadcast up, int part, int bytes) throws Exception {
        Piece piece = pieces.get(part);
        return up.part("v0", piece.segment, piece.part, pieces.get(bytes).bytes);
    }

    /** Each part is played before the next one goes up, so a player never has to catch up. */
    private void watch(Broadcast up, URI hls) throws Exception {
        ByteArrayOutputStream got = new ByteArrayOutputStream();
        Semaphore heard = new Semaphore(0);
        Player player = new Player(Member.HTTP);
        CompletableFuture<Void> playing = CompletableFuture.runAsync(() -> {
            try {
                player.play(hls, (name, bytes) -> {
                    got.writeBytes(bytes);
                    heard.release();
                });
            } catch (Exception e) {
                throw new IllegalStateException(e);
            }
        });
        check("broadcast: map and first part are played", heard.tryAcquire(2, SECONDS, TimeUnit.SECONDS), "");
        for (int i = 1; i < pieces.size(); i++) {
            Broadcast.Answer answer = part(up, i, i);
            check("broadcast: part " + i + " is taken", answer.c() == 200, answer);
            check("broadcast: part " + i + " is played", heard.tryAcquire(SECONDS, TimeUnit.SECONDS), "");
        }
        repetitions(up);
        check("broadcast: end", up.end().c() == 200, "");
        playing.get(SECONDS, TimeUnit.SECONDS);
        check("broadcast: bytes are equal", Arrays.equals(media, got.toByteArray()),
                got.size() + " of " + media.length);
        check("broadcast: by blocking reload", player.reloads() >= pieces.size(), player.reloads());
    }

    private void repetitions(Broadcast up) throws Exception {
        Broadcast.Answer answer = part(up, 0, 0);
        check("broadcast: a repetition is answered 200", answer.c() == 200, answer);
        answer = part(up, 0, 1);
        check("broadcast: other bytes are 4026", answer.c() == 4026 && answer.status() == 409, answer);
        up.ingest = new Ack.Ingest(up.ingest.url(), "wrong", 0);
        answer = part(up, 0, 0);
        check("broadcast: 401 joins again and uploads", answer.c() == 200, answer);
    }

    private void segments(URI hls) throws Exception {
        for (JsonNode segment : track.get("segments")) {
            URI address = hls.resolve("v0/s" + segment.get("sequence").asText() + ".m4s");
            byte[] got = Member.HTTP.send(HttpRequest.newBuilder(address).build(),
                    HttpResponse.BodyHandlers.ofByteArray()).body();
            check("broadcast: a segment is its parts", Arrays.equals(got, bytes(segment.get("bytes"))), address);
        }
    }
}
