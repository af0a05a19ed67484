package commensal;

import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicLong;
import org.sqlite.SQLiteConnection;

/**
 * Functions in WebAssembly, stored in a SQLite database and called from SQL.
 *
 * <pre>
 * Commensal.load(connection);
 * Commensal.createExtension(connection, "geo", Files.readAllBytes(Path.of("geo.wasm")), new Clauses());
 * </pre>
 *
 * <p>Works with connections of {@code org.xerial:sqlite-jdbc}, also through a pool. Only {@link #load} is needed; the
 * rest are shorthands for SQL. This class knows nothing of WebAssembly.
 */
public final class Commensal {
    private static final String ENTRY = "sqlite3_commensal_init";

    /** Lets SQL loosen settings until it locks them. */
    private static final String ENTRY_UNLOCKED = "sqlite3_commensal_config_init";

    /** The most values that a row of wasm_statement has. */
    private static final int VALUES_MAX = 9;

    private static final AtomicLong REFRESHED = new AtomicLong();

    private Commensal() {}

    /**
     * Loads Commensal into a connection, with the functions that its database defines.
     *
     * @throws CommensalException the connection is not sqlite-jdbc's, or SQLite refuses the library
     */
    public static void load(Connection connection) throws SQLException {
        load(connection, Map.of());
    }

    /**
     * Loads Commensal into a connection. If it has it already, only the settings change. Afterwards the connection
     * refuses to load extensions.
     *
     * @param settings those of {@code wasm_config}: limits of guests ({@code call_timeout_ms}), capabilities granted to
     *     them ({@code allow}), and others. Only this method can loosen them.
     * @throws CommensalException the connection is not sqlite-jdbc's; SQLite refuses the library or a setting
     */
    public static void load(Connection connection, Map<String, ?> settings) throws SQLException {
        load(connection, Library.path(), settings);
    }

    /** As {@link #load(Connection, Map)}, with the loadable extension in this file. */
    public static void load(Connection connection, Path library, Map<String, ?> settings) throws SQLException {
        SQLiteConnection own;
        try {
            own = connection.unwrap(SQLiteConnection.class);
        } catch (SQLException error) {
            throw new CommensalException("Commensal works with connections of org.xerial:sqlite-jdbc", error);
        }
        own.getDatabase().enable_load_extension(true);
        try (PreparedStatement load = own.prepareStatement("SELECT load_extension(?, ?)")) {
            load.setString(1, library.toString());
            load.setString(2, settings.isEmpty() ? ENTRY : ENTRY_UNLOCKED);
            load.execute();
        } catch (SQLException error) {
            throw new CommensalException("cannot load " + library, error);
        } finally {
            own.getDatabase().enable_load_extension(false);
        }
        if (settings.isEmpty()) {
            return;
        }
        try {
            configure(own, settings);
        } finally {
            // Whatever happened, SQL from elsewhere must not loosen anything.
            configure(own, Map.of("locked", 1));
        }
    }

    /** The path of the loadable extension, for programs that load it by other means. */
    public static Path library() throws CommensalException {
        return Library.path();
    }

    /** Tightens settings of {@code wasm_config}. Only {@link #load(Connection, Map)} can loosen them. */
    public static void configure(Connection connection, Map<String, ?> settings) throws SQLException {
        try (PreparedStatement set = connection.prepareStatement("SELECT wasm_config(?, ?)")) {
            for (Map.Entry<String, ?> setting : new TreeMap<>(settings).entrySet()) {
                Object value = setting.getValue();
                // SQLite has no truth values.
                value = value instanceof Boolean ? ((Boolean) value ? 1 : 0) : value;
                set.setString(1, setting.getKey());
                set.setObject(2, value);
                try {
                    set.execute();
                } catch (SQLException error) {
                    throw new CommensalException("setting " + setting.getKey(), error);
                }
            }
        }
    }

    /**
     * Stores a module in the database and makes one of its exports an SQL function, within the open transaction.
     *
     * @param module binary, or the UTF-8 bytes of its text (WAT)
     */
    public static void createFunction(Connection connection, String name, byte[] module, Clauses clauses)
            throws SQLException {
        execute(connection, clauses.statement("FUNCTION", name), module);
    }

    /** Stores a module in the database and creates everything that its manifest declares. */
    public static void createExtension(Connection connection, String name, byte[] module, Clauses clauses)
            throws SQLException {
        execute(connection, clauses.statement("EXTENSION", name), module);
    }

    /** Removes a function. It is an error if an index depends on it. */
    public static void dropFunction(Connection connection, String name) throws SQLException {
        execute(connection, "DROP FUNCTION " + Clauses.quoted(name, "\""));
    }

    /** Removes an extension and all that it declares. */
    public static void dropExtension(Connection connection, String name) throws SQLException {
        execute(connection, "DROP EXTENSION " + Clauses.quoted(name, "\""));
    }

    /**
     * Runs one CREATE or DROP statement of Commensal's, with the values of its parameters, by number. It inserts into the
     * table {@code wasm_statement}. The driver runs all other SQL.
     *
     * @throws CommensalException the statement failed, and has changed nothing
     */
    public static void execute(Connection connection, String statement, Object... values) throws SQLException {
        Objects.requireNonNull(statement);
        if (values.length > VALUES_MAX) {
            throw new CommensalException("a statement has " + VALUES_MAX + " values at most", null);
        }
        StringBuilder columns = new StringBuilder("sql");
        for (int number = 1; number <= values.length; number++) {
            columns.append(", p").append(number);
        }
        String sql = "INSERT INTO temp.wasm_statement(" + columns + ") VALUES (?" + ", ?".repeat(values.length) + ")";
        try (PreparedStatement insert = connection.prepareStatement(sql)) {
            insert.setString(1, statement);
            for (int number = 1; number <= values.length; number++) {
                Object value = values[number - 1];
                if (value instanceof byte[]) {
                    insert.setBytes(number + 1, (byte[]) value);
                } else {
                    insert.setObject(number + 1, value);
                }
            }
            insert.executeUpdate();
        } catch (SQLException error) {
            throw new CommensalException(null, error);
        }
    }

    /**
     * Finds functions that other connections or programs have created, and tells SQLite which ones were dropped or have
     * become deterministic. Known functions do not need it: each statement that calls one looks up what it does.
     */
    public static void refresh(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute("SELECT wasm_refresh()");
        }
        // SQLite learns some of it only when it prepares a statement that names this table.
        try (Statement statement = connection.createStatement()) {
            statement.execute("SELECT " + REFRESHED.incrementAndGet() + " FROM temp.wasm_functions LIMIT 0");
        }
    }
}
