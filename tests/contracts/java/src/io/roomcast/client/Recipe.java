package io.roomcast.client;

/** Joining a room or opening it: a refusal may be no more than the next step. */
final class Recipe {
    static final long NONE = -1;
    private static final int ROUNDS = 3;
    /** Another member may open the room meanwhile, or have it open again. */
    private static final long OPENED_BY_ANOTHER = 3000;

    private final boolean mayCreate;
    private boolean creating;
    private int rounds;

    Recipe(boolean mayCreate) {
        this.mayCreate = mayCreate;
    }

    boolean isCreating() {
        return creating;
    }

    void accepted() {
        rounds = 0;
    }

    /** Milliseconds until the next attempt, which may be another one than the last; `NONE`: the refusal stands. */
    long refused(int code, boolean isNewcomer) {
        long pause = pause(code, isNewcomer);
        if (pause == NONE || code == 4022 && ++rounds >= ROUNDS) {
            return NONE;
        }
        creating = code == 4001 && mayCreate;
        return pause;
    }

    private long pause(int code, boolean isNewcomer) {
        if (code == 4001 && mayCreate && !creating || code == 4022 && creating) {
            return 0;
        }
        boolean comesAgain = code == 4051 && creating || code == 4001 && !isNewcomer && !mayCreate;
        return comesAgain ? OPENED_BY_ANOTHER : NONE;
    }
}
