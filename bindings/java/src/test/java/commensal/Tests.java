package commensal;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import java.io.File;
import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.sqlite.SQLiteDataSource;
import org.sqlite.SQLiteException;

/** Tests of the package: {@code java commensal.Tests [PART OF A NAME]}. */
final class Tests {
    /** The folder with conformance/ and guests/. */
    private static final Path TREE = Path.of(System.getenv("COMMENSAL_TREE"));

    private static Path folder;

    public static void main(String[] arguments) throws Exception {
        String part = arguments.length > 0 ? arguments[0] : "";
        int failed = 0;
        int ran = 0;
        List<Method> tests = Arrays.stream(Tests.class.getDeclaredMethods())
                .filter(test -> Modifier.isStatic(test.getModifiers()) && test.getParameterCount() == 0)
                .filter(test -> !Modifier.isPrivate(test.getModifiers()) && test.getName().contains(part))
                .sorted(Comparator.comparing(Method::getName))
                .collect(Collectors.toList());
        for (Method test : tests) {
            folder = Files.createTempDirectory("commensal-tests-");
            long began = System.nanoTime();
            String result = "ok";
            try {
                test.invoke(null);
            } catch (InvocationTargetException error) {
                failed++;
                result = "FAILED";
                error.getCause().printStackTrace(System.out);
            } finally {
                delete(folder);
            }
            ran++;
            System.out.printf("test %s ... %s (%d ms)%n", test.getName(), result, (System.nanoTime() - began) / 1_000_000);
        }
        System.out.printf("%d passed, %d failed%n", ran - failed, failed);
        System.exit(failed > 0 || ran == 0 ? 1 : 0);
    }

    private static void delete(Path folder) throws IOException {
        try (Stream<Path> all = Files.walk(folder)) {
            for (Path path : all.sorted(Comparator.reverseOrder()).collect(Collectors.toList())) {
                Files.delete(path);
            }
        }
    }

    private static void equal(Object expected, Object found) {
        if (expected instanceof Integer && found instanceof Long) {
            expected = ((Integer) expected).longValue();
        }
        if (expected == null ? found != null : !expected.equals(found)) {
            throw new AssertionError("expected " + expected + ", and found " + found);
        }
    }

    private interface Action {
        void run() throws Exception;
    }

    /** Checks that something fails with this exception, whose message has this text. */
    private static <E extends Exception> E fails(Class<E> type, String text, Action action) throws Exception {
        try {
            action.run();
        } catch (Exception error) {
            if (type.isInstance(error) && String.valueOf(error.getMessage()).contains(text)) {
                return type.cast(error);
            }
            throw new AssertionError("another exception than " + type + " with: " + text, error);
        }
        throw new AssertionError("nothing failed with: " + text);
    }

    private static String url(String name) {
        return "jdbc:sqlite:" + folder.resolve(name) + "?synchronous=OFF&limit_function_arg=1000";
    }

    private static Connection open(Map<String, ?> settings) throws SQLException {
        Connection connection = DriverManager.getConnection(url("t.db"));
        try {
            Commensal.load(connection, settings);
        } catch (SQLException error) {
            connection.close();
            throw error;
        }
        return connection;
    }

    private static Object value(Connection connection, String sql) throws SQLException {
        return Slt.query(connection, sql).get(0).get(0);
    }

    /** A module whose export f gives a number. */
    private static byte[] constant(int value) {
        return Slt.utf8("(module (memory (export \"memory\") 1) (data (i32.const 512) \"\\01\")"
                + "(func (export \"commensal_scratch\") (param i32) (result i32) (i32.const 1024))"
                + "(func (export \"f\") (param i32 i32) (result i32)"
                + "  (i64.store (i32.const 520) (i64.const " + value + ")) (i32.const 512))"
                + "(func (export \"outside\") (param i32 i32) (result i32) (i32.load (i32.const -8)))"
                + "(func (export \"endless\") (param i32 i32) (result i32) (loop (br 0)) (unreachable)))");
    }

    static void allSharedCases() throws Exception {
        Path cases = renamed().resolve("conformance");
        Map<String, String> settings = Map.of("file_base", cases.toString(), "allow", "sql_read,sql_write");
        List<Path> files;
        try (Stream<Path> all = Files.list(cases)) {
            files = all.filter(file -> file.toString().endsWith(".slt")).sorted().collect(Collectors.toList());
        }
        equal(true, files.size() > 30);
        List<String> failures = new ArrayList<>();
        for (Path file : files) {
            Map<String, Connection> connections = new HashMap<>();
            String name = file.getFileName() + ".db";
            for (Slt.Record record : Slt.parse(Files.readString(file), Set.of("sqlite", "wasmtime"))) {
                Connection connection = connections.get(record.connection);
                if (connection == null) {
                    connection = DriverManager.getConnection(url(name));
                    connections.put(record.connection, connection);
                    Commensal.load(connection, settings);
                }
                String failure = Slt.failure(record, connection);
                if (failure != null) {
                    failures.add(file.getFileName() + ":" + record.line + ": " + failure + "\n" + record.sql);
                }
            }
            equal(false, connections.isEmpty());
            for (Connection connection : connections.values()) {
                connection.close();
            }
        }
        equal("", String.join("\n\n", failures));
    }

    /**
     * A copy of the cases and their guests, in which two functions have other names: the driver registers a square() and
     * a reverse() of its own, and an application's functions come before definitions.
     */
    private static Path renamed() throws IOException {
        Path copy = folder.resolve("tree");
        for (String part : List.of("conformance", "guests", "examples")) {
            if (!Files.isDirectory(TREE.resolve(part))) {
                continue;
            }
            List<Path> all;
            try (Stream<Path> walk = Files.walk(TREE.resolve(part))) {
                all = walk.filter(path -> !TREE.relativize(path).toString().contains("target"))
                        .collect(Collectors.toList());
            }
            for (Path path : all) {
                Path to = copy.resolve(TREE.relativize(path).toString());
                if (Files.isDirectory(path)) {
                    Files.createDirectories(to);
                } else if (Stream.of(".slt", ".wat", "text.wasm").anyMatch(path.toString()::endsWith)) {
                    // The names are as long as before, so that a module stays one.
                    String text = new String(Files.readAllBytes(path), StandardCharsets.ISO_8859_1)
                            .replace("square", "sqware").replace("SQUARE", "SQWARE")
                            .replaceAll("(?<![A-Za-z_])reverse", "revrese");
                    Files.write(to, text.getBytes(StandardCharsets.ISO_8859_1));
                } else {
                    Files.copy(path, to);
                }
            }
        }
        return copy;
    }

    static void theRunnerNoticesWhatHasToFail() throws Exception {
        try (Connection connection = open(Map.of())) {
            Map<String, String> wrong = Map.of(
                    "query I\nSELECT 1\n----\n2", "rows",
                    "query I\nSELECT 1\n----\n1 ", "rows",
                    "query I\nSELECT 1\n----", "rows",
                    "query T\nSELECT 1\n----\n1", "types T",
                    "query II\nSELECT 1\n----\n1", "1 columns",
                    "query error nothing\nSELECT no_such()\n", "another error",
                    "statement error\nSELECT 1", "expected",
                    "statement ok\nSELECT no_such()", "no such function",
                    "query I\nSELECT 1; SELECT 2; -- ;\n----\n1", "rows");
            for (Map.Entry<String, String> one : wrong.entrySet()) {
                String failure = Slt.failure(Slt.parse(one.getKey(), Set.of()).get(0), connection);
                equal(true, failure != null && failure.contains(one.getValue()));
            }
        }
        Object[][] values = {
            {1.0, "1.0"}, {-0.0, "-0.0"}, {49.47, "49.47"}, {1e16, "10000000000000000.0"}, {-120.0, "-120.0"},
            {1e17, "1.0e+17"}, {1.5e300, "1.5e+300"}, {0.0001, "0.0001"}, {1.25e-5, "1.25e-05"},
            {2.2250738585072014e-308, "2.2250738585072014e-308"}, {0.1 + 0.2, "0.30000000000000004"},
            {Double.NEGATIVE_INFINITY, "-Inf"}, {"", "(empty)"}, {"a\\\0\t\u001b\u009b", "a\\\\0\\t\\u{1b}\\u{9b}"},
            {new byte[] {10, -1}, "X'0AFF'"}, {null, "NULL"}, {Long.MIN_VALUE, "-9223372036854775808"},
        };
        for (Object[] one : values) {
            equal(one[1], Slt.text(one[0]));
        }
    }

    static void definitionsBelongToTheTransaction() throws Exception {
        try (Connection connection = open(Map.of())) {
            Commensal.createFunction(connection, "f", constant(1), new Clauses());
            connection.setAutoCommit(false);
            Commensal.createFunction(connection, "f", constant(2), new Clauses().replace());
            equal(2, value(connection, "SELECT f()"));
            fails(CommensalException.class, "function \"f\" already exists",
                    () -> Commensal.createFunction(connection, "f", constant(3), new Clauses()));
            equal(2, value(connection, "SELECT f()"));
            connection.rollback();
            equal(1, value(connection, "SELECT f()"));
            Commensal.createFunction(connection, "f", constant(9), new Clauses().ifNotExists());
            Commensal.dropFunction(connection, "f");
            Commensal.createFunction(connection, "a\"b", constant(4), new Clauses().export("f").deterministic()
                    .timeout(Duration.ofSeconds(1)).fuel(1000).memoryMb(1).allow("log"));
            connection.commit();
            equal(4, value(connection, "SELECT \"a\"\"b\"()"));
            equal("{\"timeout_ms\":1000,\"fuel\":1000,\"memory_mb\":1,\"allow\":\"log\"}",
                    value(connection, "SELECT options FROM commensal_object"));
            byte[] geo = Files.readAllBytes(TREE.resolve("guests/prebuilt/geo.wasm"));
            Commensal.createExtension(connection, "geo", geo, new Clauses().prefix("geo_"));
            equal(877.0, value(connection, "SELECT round(geo_haversine_km(52.52, 13.405, 48.8566, 2.3522))"));
            Commensal.dropExtension(connection, "geo");
            connection.commit();
        }
    }

    static void errorsHaveCauses() throws Exception {
        try (Connection connection = open(Map.of())) {
            for (Map.Entry<String, String> one : Map.of(
                    "DROP FUNCTION f", "no such function: f",
                    "DROP TABLE t", "wasm_statement runs CREATE and DROP",
                    "CREATE FUNCTION abs LANGUAGE wasm AS '(module)'", "abs").entrySet()) {
                CommensalException error = fails(CommensalException.class, one.getValue(),
                        () -> Commensal.execute(connection, one.getKey()));
                equal(true, error.getCause() instanceof SQLiteException);
                equal(1, error.getErrorCode());
            }
            fails(CommensalException.class, "9 values", () -> Commensal.execute(connection, "", new Object[10]));
            fails(CommensalException.class, "setting speed", () -> Commensal.configure(connection, Map.of("speed", 1)));
            fails(CommensalException.class, "cannot load /nowhere",
                    () -> Commensal.load(connection, Path.of("/nowhere"), Map.of()));
            // Nothing can be loaded afterwards.
            fails(SQLException.class, "not authorized", () -> value(connection, "SELECT load_extension('x')"));
            Commensal.createFunction(connection, "outside", constant(1), new Clauses());
            fails(SQLiteException.class, "outside()", () -> value(connection, "SELECT outside()"));
            equal(1, value(connection, "SELECT 1"));
        }
    }

    static void settingsAreLocked() throws Exception {
        Map<String, Object> settings = new HashMap<>(Map.of("allow", "clock", "call_timeout_ms", 50, "timing", true));
        settings.put("fuel", null);
        try (Connection connection = open(settings)) {
            equal(51, value(connection, "SELECT wasm_config('call_timeout_ms') + wasm_config('timing')"));
            Commensal.configure(connection, Map.of("call_timeout_ms", 40, "allow", ""));
            for (Map.Entry<String, ?> one :
                    Map.of("call_timeout_ms", 60, "allow", "clock", "locked", 0).entrySet()) {
                fails(CommensalException.class, "setting " + one.getKey(),
                        () -> Commensal.configure(connection, Map.of(one.getKey(), one.getValue())));
            }
        }
        fails(CommensalException.class, "setting speed", () -> open(Map.of("speed", 1)).close());
    }

    static void cancelEndsGuests() throws Exception {
        ExecutorService executor = Executors.newCachedThreadPool();
        try (Connection connection = open(Map.of("call_timeout_ms", 60_000, "statement_timeout_ms", 60_000))) {
            Commensal.createFunction(connection, "endless", constant(1), new Clauses());
            for (int i = 0; i < 3; i++) {
                try (Statement statement = connection.createStatement()) {
                    long began = System.nanoTime();
                    Future<?> running = executor.submit(() -> fails(SQLException.class, "nterrupt",
                            () -> statement.execute("SELECT endless()")));
                    while (!running.isDone()) {
                        Thread.sleep(50);
                        statement.cancel();
                    }
                    running.get();
                    equal(true, System.nanoTime() - began < 20_000_000_000L);
                }
            }
            equal(1, value(connection, "SELECT 1"));
        } finally {
            executor.shutdown();
        }
    }

    static void poolsHaveIt() throws Exception {
        SQLiteDataSource source = new SQLiteDataSource();
        source.setUrl(url("t.db"));
        HikariConfig config = new HikariConfig();
        config.setDataSource(new CommensalDataSource(source, Map.of("call_timeout_ms", 5000)));
        config.setMaximumPoolSize(4);
        ExecutorService executor = Executors.newFixedThreadPool(8);
        try (HikariDataSource pool = new HikariDataSource(config)) {
            try (Connection connection = pool.getConnection()) {
                Slt.query(connection, "PRAGMA journal_mode = WAL");
                Commensal.createFunction(connection, "f", constant(1), new Clauses());
            }
            List<Callable<Integer>> tasks = new ArrayList<>();
            for (int number = 0; number < 8; number++) {
                tasks.add(() -> {
                    int calls = 0;
                    for (long ends = System.nanoTime() + 2_000_000_000L; System.nanoTime() < ends; calls++) {
                        try (Connection connection = pool.getConnection()) {
                            List<Object> row = Slt.query(connection,
                                    "WITH n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100) "
                                            + "SELECT min(wasm_call('f')), max(wasm_call('f')) FROM n").get(0);
                            equal(row.get(0), row.get(1));
                        }
                    }
                    return calls;
                });
            }
            List<Future<Integer>> running = new ArrayList<>();
            for (Callable<Integer> task : tasks) {
                running.add(executor.submit(task));
            }
            for (int version = 2; version < 20; version++) {
                try (Connection connection = pool.getConnection()) {
                    Commensal.createFunction(connection, "f", constant(version), new Clauses().replace());
                    equal(version, value(connection, "SELECT wasm_call('f')"));
                    equal(5000, value(connection, "SELECT wasm_config('call_timeout_ms')"));
                }
            }
            for (Future<Integer> one : running) {
                equal(true, one.get() > 0);
            }
        } finally {
            executor.shutdown();
        }
        fails(SQLException.class, "setting speed",
                () -> new CommensalDataSource(source, Map.of("speed", 1)).getConnection().close());
    }

    private static final class Box {
        int value;
    }

    /** The JVM finds null by signals, and with guard pages Commensal finds guests' faults by signals. */
    static void faultsBesideTheJvmsOwn() throws Exception {
        ExecutorService executor = Executors.newCachedThreadPool();
        for (int guards = 0; guards <= 1; guards++) {
            List<Future<Integer>> running = new ArrayList<>();
            Map<String, Integer> settings = Map.of("guard_pages", guards);
            try (Connection connection = open(settings)) {
                Commensal.createFunction(connection, "outside", constant(1), new Clauses().replace());
            }
            for (int number = 0; number < 4; number++) {
                running.add(executor.submit(() -> {
                    int faults = 0;
                    try (Connection connection = open(settings)) {
                        for (int i = 0; i < 500; i++) {
                            fails(SQLiteException.class, "outside()", () -> value(connection, "SELECT outside()"));
                            faults++;
                        }
                    }
                    return faults;
                }));
                running.add(executor.submit(() -> {
                    int nulls = 0;
                    Box[] boxes = {new Box(), null};
                    for (int i = 0; i < 1_000_000; i++) {
                        try {
                            boxes[i % 1000 == 999 ? 1 : 0].value++;
                        } catch (NullPointerException error) {
                            nulls++;
                        }
                    }
                    return nulls / 2;
                }));
            }
            for (Future<Integer> one : running) {
                equal(500, one.get());
            }
        }
        executor.shutdown();
    }

    private static long residentBytes() throws IOException {
        return Long.parseLong(Files.readString(Path.of("/proc/self/statm")).split(" ")[1]) * 4096;
    }

    static void tenThousandLoads() throws Exception {
        try (Connection connection = open(Map.of())) {
            Commensal.createFunction(connection, "f", constant(5), new Clauses());
        }
        long before = 0;
        for (int i = 0; i < 10_000; i++) {
            try (Connection connection = open(Map.of())) {
                if (i % 100 == 0) {
                    equal(5, value(connection, "SELECT f()"));
                }
            }
            if (i == 2000) {
                System.gc();
                before = residentBytes();
            }
        }
        System.gc();
        long grown = residentBytes() - before;
        if (grown > 64 << 20) {
            throw new AssertionError("8,000 loads took " + grown + " bytes");
        }
    }

    static void theLibraryIsUnpackedSafely() throws Exception {
        byte[] library = Slt.utf8("library");
        Path own = folder.resolve("cache/commensal-java/x");
        Path file = Library.unpackInto(own, library);
        equal("library", Files.readString(file));
        equal("rwx------", PosixFilePermissions.toString(Files.getPosixFilePermissions(own.getParent())));
        Object written = Files.getLastModifiedTime(file);
        equal(file, Library.unpackInto(own, library));
        equal(written, Files.getLastModifiedTime(file));
        Path elsewhere = Files.write(folder.resolve("elsewhere"), library);
        Action[] spoils = {
            () -> Files.write(file, Slt.utf8("librarY")),
            () -> Files.write(file, Slt.utf8("library and more")),
            () -> Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxrwxrwx")),
            () -> {
                Files.delete(file);
                Files.createSymbolicLink(file, elsewhere);
            },
        };
        for (Action spoil : spoils) {
            spoil.run();
            Library.unpackInto(own, library);
            equal(false, Files.isSymbolicLink(file));
            equal("library", Files.readString(file));
            equal("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(file)));
        }
        Path open = Files.createDirectory(folder.resolve("open"));
        Files.setPosixFilePermissions(open, PosixFilePermissions.fromString("rwxrwxrwx"));
        Path link = Files.createSymbolicLink(folder.resolve("link"), Files.createDirectory(folder.resolve("target")));
        Path shared = Files.createDirectories(folder.resolve("shared/commensal-java"));
        Files.setPosixFilePermissions(shared, PosixFilePermissions.fromString("rwxrwxrwx"));
        for (Path place : List.of(open, link, shared.resolve("x"))) {
            fails(IOException.class, "", () -> Library.unpackInto(place, library));
        }
    }

    /**
     * The programs of a page, compiled as they are, run in a folder with the guests and a migration. The first class
     * of each has its main method. Returns what they print.
     */
    private static String programs(String page) throws Exception {
        Files.createSymbolicLink(folder.resolve("guests"), TREE.resolve("guests"));
        Files.createDirectory(folder.resolve("migrations"));
        Path geo = TREE.resolve("guests/prebuilt/geo.wasm");
        String migration = run(System.getenv("COMMENSAL_SHELL"), "sql", "--insert", geo.toString());
        Files.writeString(folder.resolve("migrations/V1__geo.sql"), migration);
        String text = Files.readString(Path.of(System.getenv("COMMENSAL_DOCS"), page));
        Matcher program = Pattern.compile("```java\n(.*?)```", Pattern.DOTALL).matcher(text);
        StringBuilder printed = new StringBuilder();
        for (int number = 0; program.find(); number++) {
            Path source = Files.writeString(folder.resolve("Program" + number + ".java"), program.group(1));
            Matcher main = Pattern.compile("^class (\\w+)", Pattern.MULTILINE).matcher(program.group(1));
            equal(true, main.find());
            Path tools = Path.of(System.getProperty("java.home"), "bin");
            String classPath = folder + File.pathSeparator + System.getProperty("java.class.path");
            run(tools.resolve("javac").toString(), "-cp", classPath, "-d", folder.toString(), source.toString());
            printed.append(run(tools.resolve("java").toString(), "-cp", classPath, main.group(1)));
        }
        return printed.toString();
    }

    private static String run(String... command) throws Exception {
        Process process =
                new ProcessBuilder(command).directory(folder.toFile()).redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (process.waitFor() != 0) {
            throw new AssertionError(output);
        }
        return output;
    }

    static void theDocumentationsPrograms() throws Exception {
        String printed = programs("java.md");
        equal(true, printed.contains("877.0 km") && printed.contains("endless()"));
        equal(true, printed.contains("[Berlin] [Paris]"));
    }

    static void flywayMigrates() throws Exception {
        equal(true, programs("migrations.md").contains("877.0 km"));
    }
}
