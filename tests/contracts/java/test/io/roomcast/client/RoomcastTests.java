package io.roomcast.client;

import java.net.URI;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/** FOLDER SERVER SERVER-WITH-A-KEY SECRET: says what failed and how much passed; exit code 1 if anything failed. */
public final class RoomcastTests {
    private static int passed;
    private static int failed;

    interface Scenario {
        void run() throws Exception;
    }

    static synchronized void check(String name, boolean good, Object why) {
        passed += good ? 1 : 0;
        failed += good ? 0 : 1;
        if (!good) {
            System.out.println("FAILED " + name + " " + why);
        }
    }

    /** Scenarios mostly wait, so they run side by side, in rooms of their own. */
    public static void main(String[] args) {
        Path folder = Path.of(args[0]);
        Protocol protocol = Protocol.load(folder);
        Conversations open = new Conversations(protocol, folder, URI.create(args[1]));
        Conversations keyed = new Conversations(protocol, folder, URI.create(args[2]));
        Map<String, Scenario> scenarios = new LinkedHashMap<>();
        scenarios.putAll(new Calls(open).scenarios());
        scenarios.putAll(new Faults(open).scenarios());
        scenarios.putAll(new Groups(open).scenarios());
        scenarios.putAll(new Broadcasts(open).scenarios());
        scenarios.putAll(new Tokens(keyed, args[3]).scenarios());
        scenarios.put("raw", () -> new Raw(open).run());
        scenarios.put("vectors", () -> new Vectors(protocol, folder).run());
        scenarios.put("sequences", () -> new Sequences(protocol, folder).run());
        ExecutorService pool = Executors.newFixedThreadPool(scenarios.size());
        CompletableFuture.allOf(scenarios.entrySet().stream()
                .map(one -> CompletableFuture.runAsync(() -> run(one.getKey(), one.getValue()), pool))
                .toArray(CompletableFuture[]::new)).join();
        open.conforming();
        keyed.conforming();
        System.out.println(passed + " checks passed, " + failed + " failed");
        System.exit(failed > 0 ? 1 : 0);
    }

    private static void run(String name, Scenario scenario) {
        try {
            scenario.run();
        } catch (Throwable e) {
            StackTraceElement[] at = e.getStackTrace();
            check(name, false, e + " at " + (at.length > 1 ? at[0] + " " + at[1] : "?"));
        }
    }
}
