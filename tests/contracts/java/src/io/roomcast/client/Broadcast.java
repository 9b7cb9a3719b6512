package io.roomcast.client;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.IntNode;
import com.fasterxml.jackson.databind.node.TextNode;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.UUID;

/** Uploads to one playlist of a room. Calls block: use a thread for each upload in flight. */
public final class Broadcast {
    public record Answer(int status, int c, JsonNode body) {
    }

    private static final int TRIES = 8;

    private final Protocol protocol;
    private final HttpClient http;
    private final URI server;
    private final Room room;
    private final String playlist;
    Ack.Ingest ingest;

    public Broadcast(Protocol protocol, HttpClient http, URI server, Room room, String playlist) {
        this.protocol = protocol;
        this.http = http;
        this.server = server;
        this.room = room;
        this.playlist = playlist;
        ingest = room.joined().join().b().hls().ingest();
    }

    public Answer variant(DataSignal.Track variant, String mapId, byte[] map) throws IOException, InterruptedException {
        DataSignal.Segment segment = new DataSignal.Segment(null, null, null, null, null,
                new DataSignal.Init(mapId, null), null);
        return upload("updateVariant", new DataSignal.Payload(of(), variant, null, segment, null), "map", map);
    }

    public Answer part(String variant, DataSignal.Segment segment, DataSignal.Part part, byte[] data)
            throws IOException, InterruptedException {
        return upload("updatePart", new DataSignal.Payload(of(), DataSignal.Track.ref(variant), null, segment, part),
                "data", data);
    }

    public Answer end() throws IOException, InterruptedException {
        return upload("endStream", new DataSignal.Payload(of(), null, null, null, null), null, new byte[0]);
    }

    private DataSignal.Playlist of() {
        return new DataSignal.Playlist(playlist, null);
    }

    /** One signal, said again as `codes.json` has it. */
    private Answer upload(String action, DataSignal.Payload payload, String name, byte[] media)
            throws IOException, InterruptedException {
        boolean rejoined = false;
        for (int tries = 0; ; tries++) {
            HttpResponse<String> response = answered(action, payload, name, media);
            JsonNode body = Protocol.parse(response.body());
            Answer answer = new Answer(response.statusCode(), body.path("c").asInt(), body.path("b"));
            slow(answer);
            String reaction = protocol.reaction(answer.c, "upload");
            if (reaction.equals("rejoin") && !rejoined) {
                rejoined = true;
                ingest = room.rejoin().join().b().hls().ingest();
            } else if (reaction.equals("retry") && tries < TRIES) {
                double pause = response.headers().firstValue("Retry-After").map(Double::parseDouble)
                        .map(seconds -> seconds * 1000).orElse(protocol.delay(tries, Math.random()));
                Thread.sleep(Math.round(pause));
            } else {
                return answer;
            }
        }
    }

    /** A pooled connection may be closed under a request; repetitions are harmless, so it goes once more. */
    private HttpResponse<String> answered(String action, DataSignal.Payload payload, String name, byte[] media)
            throws IOException, InterruptedException {
        for (int tries = 0; ; tries++) {
            try {
                return http.send(request(action, payload, name, media), HttpResponse.BodyHandlers.ofString());
            } catch (IOException e) {
                if (tries == TRIES) {
                    throw e;
                }
                Thread.sleep(Math.round(protocol.delay(tries, Math.random())));
            }
        }
    }

    private void slow(Answer answer) {
        if (answer.c == 200) {
            boolean slow = answer.body.path("delay").asLong() > protocol.limit("slowUpload");
            room.observe(slow ? "slowUpload" : "fastUpload");
        }
    }

    private HttpRequest request(String action, DataSignal.Payload payload, String name, byte[] media)
            throws IOException {
        String id = UUID.randomUUID().toString();
        DataSignal signal = new DataSignal(action, IntNode.valueOf(1), id,
                TextNode.valueOf(String.valueOf(System.currentTimeMillis())), (long) media.length, payload);
        ByteArrayOutputStream form = new ByteArrayOutputStream();
        field(form, id, "signal", "application/json", Protocol.write(signal).getBytes(StandardCharsets.UTF_8));
        if (name != null) {
            field(form, id, name, "application/octet-stream", media);
        }
        form.write(("--" + id + "--\r\n").getBytes(StandardCharsets.UTF_8));
        return HttpRequest.newBuilder(server.resolve(ingest.url()))
                .header("Authorization", "Bearer " + ingest.token())
                .header("Content-Type", "multipart/form-data; boundary=" + id)
                .POST(HttpRequest.BodyPublishers.ofByteArray(form.toByteArray())).build();
    }

    private static void field(ByteArrayOutputStream form, String boundary, String name, String type, byte[] bytes)
            throws IOException {
        String file = name.equals("signal") ? "" : "; filename=\"" + name + "\"";
        form.write(("--" + boundary + "\r\nContent-Disposition: form-data; name=\"" + name + "\"" + file
                + "\r\nContent-Type: " + type + "\r\n\r\n").getBytes(StandardCharsets.UTF_8));
        form.write(bytes);
        form.write("\r\n".getBytes(StandardCharsets.UTF_8));
    }
}
