package io.roomcast.client;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.Set;
import java.util.function.BiConsumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Reads a playlist by blocking reload until it ends, and hands over each map and each part once, in order. */
public final class Player {
    private static final Pattern URI_ATTRIBUTE = Pattern.compile("URI=\"([^\"]*)\"");

    private final HttpClient http;
    private int reloads;

    public Player(HttpClient http) {
        this.http = http;
    }

    public int reloads() {
        return reloads;
    }

    public void play(URI multivariant, BiConsumer<String, byte[]> media) throws IOException, InterruptedException {
        String first = text(multivariant).lines().filter(line -> !line.startsWith("#")).findFirst().orElseThrow();
        URI track = multivariant.resolve(first);
        Set<String> seen = new HashSet<>();
        String query = "";
        while (true) {
            String playlist = text(URI.create(track + query));
            long segment = 0;
            long part = 0;
            for (String line : playlist.lines().toList()) {
                if (line.startsWith("#EXT-X-MEDIA-SEQUENCE:")) {
                    segment = Long.parseLong(line.substring(line.indexOf(':') + 1));
                } else if (line.startsWith("#EXT-X-MAP:") || line.startsWith("#EXT-X-PART:")) {
                    part += line.startsWith("#EXT-X-PART:") ? 1 : 0;
                    Matcher name = URI_ATTRIBUTE.matcher(line);
                    if (name.find() && seen.add(name.group(1)) && !line.contains("GAP=YES")) {
                        media.accept(name.group(1), bytes(track.resolve(name.group(1))));
                    }
                } else if (!line.isEmpty() && !line.startsWith("#")) {
                    segment++;
                    part = 0;
                } else if (line.equals("#EXT-X-ENDLIST")) {
                    return;
                }
            }
            query = "?_HLS_msn=" + segment + "&_HLS_part=" + part;
            reloads++;
        }
    }

    private String text(URI address) throws IOException, InterruptedException {
        return new String(bytes(address), StandardCharsets.UTF_8);
    }

    private byte[] bytes(URI address) throws IOException, InterruptedException {
        HttpResponse<byte[]> response = http.send(HttpRequest.newBuilder(address).build(),
                HttpResponse.BodyHandlers.ofByteArray());
        if (response.statusCode() == 503) {
            Thread.sleep(1000 * response.headers().firstValueAsLong("Retry-After").orElse(1));
            return bytes(address);
        } else if (response.statusCode() != 200) {
            throw new IOException(address + ": " + response.statusCode());
        }
        return response.body();
    }
}
