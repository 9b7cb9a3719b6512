package io.roomcast.client;

import static io.roomcast.client.RoomcastTests.check;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;

/** The published sequences of messages, held against the client's bookkeeping. */
final class Sequences {
    private final Protocol protocol;
    private final Path folder;

    Sequences(Protocol protocol, Path folder) {
        this.protocol = protocol;
        this.folder = folder;
    }

    void run() {
        JsonNode sequences = Protocol.read(folder.resolve("vectors/sequences.json")).get("sequences");
        check("sequences: there are some", !sequences.isEmpty(), sequences);
        for (JsonNode sequence : sequences) {
            // The token of the first JOIN is the client's own; the sequences name theirs.
            String token = sequence.get("steps").get(0).get("after").get("join").get("resumeToken").asText();
            Books books = new Books(protocol, token, sequence.get("n").asLong());
            StringBuilder wrong = new StringBuilder();
            for (JsonNode step : sequence.get("steps")) {
                JsonNode did = books.step(step);
                if (!Vectors.same(did.get("sends"), step.get("sends"))
                        || !Vectors.same(did.get("after"), step.get("after"))
                        || !did.get("took").asText().equals(step.path("took").asText())) {
                    wrong.append(step).append(" gave ").append(did).append("; ");
                }
            }
            check("sequence: " + sequence.get("name").asText(), wrong.isEmpty(), wrong);
        }
    }
}
