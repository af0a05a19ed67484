package commensal;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** What may follow the name and the module in CREATE FUNCTION and CREATE EXTENSION. */
public final class Clauses {
    private final List<String> with = new ArrayList<>();
    private String export;
    private boolean deterministic;
    private boolean replace;
    private boolean ifNotExists;
    private boolean cascadeReindex;

    /** The module's export. Without it, it has the function's name. Only for functions. */
    public Clauses export(String name) {
        export = name;
        return this;
    }

    /** Promises that the result depends only on the arguments. Only for functions. */
    public Clauses deterministic() {
        deterministic = true;
        return this;
    }

    /** Replaces a definition of this name. */
    public Clauses replace() {
        replace = true;
        return this;
    }

    /** Keeps a definition of this name. */
    public Clauses ifNotExists() {
        ifNotExists = true;
        return this;
    }

    /** Rebuilds the indexes that depend on a replaced definition. */
    public Clauses cascadeReindex() {
        cascadeReindex = true;
        return this;
    }

    /** The longest that a call may take. */
    public Clauses timeout(Duration timeout) {
        return with("timeout_ms = " + Math.max(timeout.toMillis(), 1));
    }

    /** The fuel of a call. */
    public Clauses fuel(long fuel) {
        return with("fuel = " + fuel);
    }

    /** The most memory of an instance, in MiB. */
    public Clauses memoryMb(long memory) {
        return with("memory_mb = " + memory);
    }

    /** Asks for capabilities, separated by commas. */
    public Clauses allow(String capabilities) {
        return with("allow = " + quoted(capabilities, "'"));
    }

    /** Begins all names of an extension. */
    public Clauses prefix(String prefix) {
        return with("prefix = " + quoted(prefix, "'"));
    }

    /** Leaves out names of an extension, separated by commas. */
    public Clauses without(String names) {
        return with("without = " + quoted(names, "'"));
    }

    private Clauses with(String option) {
        with.add(option);
        return this;
    }

    String statement(String kind, String name) {
        List<String> words = new ArrayList<>();
        words.add(replace ? "CREATE OR REPLACE" : "CREATE");
        words.add(kind);
        if (ifNotExists) {
            words.add("IF NOT EXISTS");
        }
        words.add(quoted(name, "\""));
        words.add("LANGUAGE wasm AS ?");
        if (export != null) {
            words.add("EXPORT " + quoted(export, "'"));
        }
        if (deterministic) {
            words.add("DETERMINISTIC");
        }
        if (!with.isEmpty()) {
            words.add("WITH (" + String.join(", ", with) + ")");
        }
        if (cascadeReindex) {
            words.add("CASCADE REINDEX");
        }
        return String.join(" ", words);
    }

    static String quoted(String name, String quote) {
        return quote + name.replace(quote, quote + quote) + quote;
    }
}
