package commensal;

import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * Runs the project's cases, sqllogictest files, through JDBC, as strictly as {@code commensal test --strict} does. The
 * documentation of crates/conformance says what the files may contain. This runner does not know what they test.
 *
 * <p>A program with its own driver has to do some things that Rust's facade does by itself. They are done here as
 * docs/extension.md says.
 */
final class Slt {
    private static final int SQLITE_INTERRUPT = 9;
    private static final int FLAGS = Pattern.CASE_INSENSITIVE;

    private static final Pattern TOKEN = Pattern.compile(
            "(--[^\\n]*|/\\*.*?(?:\\*/|$))|(;)|file://[^\\s;]*|'(?:[^']|'')*+(?:'|$)|\"(?:[^\"]|\"\")*+(?:\"|$)"
                    + "|`(?:[^`]|``)*+(?:`|$)|\\[[^\\]]*+(?:\\]|$)|\\w+|.",
            FLAGS | Pattern.DOTALL);
    private static final Pattern OURS = Pattern.compile(
            "^\\s*(?:(?:CREATE(?:\\s+OR\\s+REPLACE)?|DROP)\\s+(?:FUNCTION|EXTENSION)\\b)", FLAGS);
    private static final Pattern CACHE_SIZE = Pattern.compile("^\\s*PRAGMA\\s+wasm_cache_size\\b", FLAGS);
    private static final Pattern SIZED = Pattern.compile("^\\s*PRAGMA\\s+wasm_cache_size\\s*$", FLAGS);
    private static final Pattern ABOUT_NAME = Pattern.compile(
            "^(?:no such (?:function|table|collation sequence)|wrong number of arguments to function)");
    private static final Pattern WRITES = Pattern.compile("^\\s*(?:INSERT|REPLACE|UPDATE|DELETE|WITH)\\b", FLAGS);
    private static final Pattern TRIGGER = Pattern.compile("^\\s*CREATE\\s+(?:TEMP\\s+|TEMPORARY\\s+)?TRIGGER\\b", FLAGS);
    private static final Pattern TRIGGER_END = Pattern.compile(";\\s*END\\s*$", FLAGS);

    /** What sqlite-jdbc puts around SQLite's message. */
    private static final Pattern WRAPPED = Pattern.compile("^\\[SQLITE_\\w+\\]\\s+[^(]*\\((.*)\\)$", Pattern.DOTALL);

    /** A statement or a query, and what is expected of it. */
    static final class Record {
        int line;
        String connection = "";
        String sql;
        Pattern error;
        String types;
        boolean sort;
        List<String> expected = List.of();
    }

    private Slt() {}

    /** The records of a file for a driver with these labels. */
    static List<Record> parse(String text, Set<String> labels) {
        List<Record> records = new ArrayList<>();
        String[] lines = text.split("\n", -1);
        int[] at = {0};
        String connection = "";
        boolean wanted = true;
        while (at[0] < lines.length) {
            String line = lines[at[0]++];
            if (line.isBlank() || line.startsWith("#")) {
                continue;
            }
            String[] words = line.trim().split("\\s+");
            String second = words.length > 1 ? words[1] : "";
            Record record = new Record();
            record.line = at[0];
            record.connection = connection;
            if (words[0].equals("halt")) {
                return records;
            } else if (words[0].equals("connection")) {
                connection = second;
                continue;
            } else if (words[0].equals("onlyif") || words[0].equals("skipif")) {
                wanted &= labels.contains(second) == words[0].equals("onlyif");
                continue;
            } else if (line.startsWith("statement error") || line.startsWith("query error")) {
                record.error = Pattern.compile(line.replaceFirst("^\\w+\\s+error\\s*", ""));
                record.sql = until(lines, at, "", "----");
            } else if (line.trim().equals("statement ok")) {
                record.sql = until(lines, at, "");
            } else if (words[0].equals("query") && words.length > 1
                    && (words.length == 2 || words.length == 3 && words[2].equals("rowsort"))) {
                record.types = second;
                record.sort = words.length == 3;
                record.sql = until(lines, at, "----");
                at[0]++;
                String expected = until(lines, at, "");
                record.expected = expected.isEmpty() ? List.of() : List.of(expected.split("\n", -1));
            } else {
                throw new IllegalArgumentException("line " + at[0] + ": " + line);
            }
            if (at[0] < lines.length && lines[at[0]].equals("----")) {
                throw new IllegalArgumentException("line " + at[0] + ": exact messages are not supported");
            }
            if (wanted) {
                records.add(record);
            }
            connection = "";
            wanted = true;
        }
        return records;
    }

    private static String until(String[] lines, int[] at, String... ends) {
        int start = at[0];
        while (at[0] < lines.length && !Arrays.asList(ends).contains(lines[at[0]])) {
            at[0]++;
        }
        return String.join("\n", Arrays.asList(lines).subList(Math.min(start, lines.length), at[0]));
    }

    /** The statements of a text, without comments. */
    private static List<String> statements(String text) {
        List<String> all = new ArrayList<>();
        StringBuilder statement = new StringBuilder();
        Matcher token = TOKEN.matcher(text);
        while (token.find()) {
            boolean isInside = TRIGGER.matcher(statement).find() && !TRIGGER_END.matcher(statement).find();
            if (token.group(2) != null && !isInside) {
                all.add(statement.toString());
                statement.setLength(0);
            } else {
                statement.append(token.group(1) == null ? token.group() : " ");
            }
        }
        all.add(statement.toString());
        return all;
    }

    /** Runs the statements of a text; the rows are those of the last one that has any. */
    private static List<List<Object>> run(Connection connection, String text) throws SQLException {
        List<List<Object>> rows = List.of();
        for (String statement : statements(text)) {
            List<List<Object>> found = List.of();
            if (statement.isBlank()) {
                continue;
            } else if (SIZED.matcher(statement).find()) {
                found = query(connection, "SELECT wasm_config('cache_bytes_used'), wasm_config('cache_bytes_max')");
            } else if (CACHE_SIZE.matcher(statement).find()) {
                exec(connection, statement);
            } else if (OURS.matcher(statement).find()) {
                exec(connection, statement);
                Commensal.refresh(connection);
            } else {
                found = runSqlites(connection, statement);
            }
            rows = found.isEmpty() ? rows : found;
        }
        return rows;
    }

    /** An index may have to be dropped, which only wasm_exec can. */
    private static void exec(Connection connection, String sql) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement("SELECT wasm_exec(?)")) {
            statement.setString(1, sql);
            statement.execute();
        }
    }

    private static List<List<Object>> runSqlites(Connection connection, String statement) throws SQLException {
        try {
            return runUndone(connection, statement);
        } catch (SQLException error) {
            if (!ABOUT_NAME.matcher(message(error)).find()) {
                throw error;
            }
        }
        Commensal.refresh(connection);
        return runUndone(connection, statement);
    }

    /** Within a transaction, SQLite does not undo every statement that a table fails. */
    private static List<List<Object>> runUndone(Connection connection, String statement) throws SQLException {
        if (!WRITES.matcher(statement).find() || !inTransaction(connection)) {
            return query(connection, statement);
        }
        query(connection, "SAVEPOINT driver");
        try {
            return query(connection, statement);
        } catch (SQLException error) {
            if (inTransaction(connection)) {
                query(connection, "ROLLBACK TO driver");
            }
            throw error;
        } finally {
            if (inTransaction(connection)) {
                query(connection, "RELEASE driver");
            }
        }
    }

    /** The driver does not tell. SQLite begins no transaction within another. */
    private static boolean inTransaction(Connection connection) throws SQLException {
        try {
            query(connection, "BEGIN");
        } catch (SQLException error) {
            return true;
        }
        query(connection, "ROLLBACK");
        return false;
    }

    static List<List<Object>> query(Connection connection, String sql) throws SQLException {
        List<List<Object>> rows = new ArrayList<>();
        try (Statement statement = connection.createStatement()) {
            if (!statement.execute(sql)) {
                return rows;
            }
            try (ResultSet result = statement.getResultSet()) {
                int columns = result.getMetaData().getColumnCount();
                while (result.next()) {
                    List<Object> row = new ArrayList<>();
                    for (int column = 1; column <= columns; column++) {
                        row.add(result.getObject(column));
                    }
                    rows.add(row);
                }
            }
        }
        return rows;
    }

    private static boolean isOfType(Object value, char type) {
        switch (type) {
            case 'I':
                return value instanceof Integer || value instanceof Long;
            case 'R':
                return value instanceof Double;
            case 'T':
                return value instanceof String;
            case 'B':
                return value instanceof byte[];
            default:
                return true;
        }
    }

    /** A value as the files write it. */
    static String text(Object value) {
        if (value == null) {
            return "NULL";
        } else if (value instanceof Double) {
            return real((Double) value);
        } else if (value instanceof byte[]) {
            StringBuilder hex = new StringBuilder("X'");
            for (byte b : (byte[]) value) {
                hex.append(String.format("%02X", b));
            }
            return hex.append('\'').toString();
        } else if (value.equals("")) {
            return "(empty)";
        }
        StringBuilder escaped = new StringBuilder();
        value.toString().codePoints().forEach(c -> {
            if (c == 0) {
                escaped.append("\\0");
            } else if (c == '\t') {
                escaped.append("\\t");
            } else if (c == '\n') {
                escaped.append("\\n");
            } else if (c == '\r') {
                escaped.append("\\r");
            } else if (Character.getType(c) == Character.CONTROL) {
                escaped.append(String.format("\\u{%x}", c));
            } else {
                escaped.appendCodePoint(c);
            }
        });
        return escaped.toString();
    }

    /** A real as SQLite writes it, except that -0.0 keeps its sign. */
    private static String real(double value) {
        if (Double.isInfinite(value)) {
            return value > 0 ? "Inf" : "-Inf";
        } else if (value == 0) {
            return 1 / value < 0 ? "-0.0" : "0.0";
        }
        // Older versions of Java write more digits than needed.
        String sign = value < 0 ? "-" : "";
        String shortest = shortest(Math.abs(value));
        String digits = shortest.substring(0, shortest.indexOf('e'));
        int power = Integer.parseInt(shortest.substring(shortest.indexOf('e') + 1));
        if (power < -4 || power >= 17) {
            String fraction = digits.length() > 1 ? digits.substring(1) : "0";
            return String.format("%s%s.%se%s%02d", sign, digits.charAt(0), fraction, power < 0 ? "-" : "+", Math.abs(power));
        } else if (power < 0) {
            return sign + "0." + "0".repeat(-power - 1) + digits;
        }
        digits += "0".repeat(Math.max(power + 2 - digits.length(), 0));
        return sign + digits.substring(0, power + 1) + "." + digits.substring(power + 1);
    }

    /** The shortest digits that read back as the value, {@code e}, and the power of ten of the first. */
    private static String shortest(double value) {
        for (int precision = 0; ; precision++) {
            String text = String.format("%." + precision + "e", value);
            if (Double.parseDouble(text) == value || precision == 17) {
                int e = text.indexOf('e');
                String digits = text.substring(0, e).replace(".", "").replaceFirst("0+$", "");
                return (digits.isEmpty() ? "0" : digits) + "e" + Integer.parseInt(text.substring(e + 1));
            }
        }
    }

    private static String compare(Record record, List<List<Object>> rows) {
        List<String> actual = new ArrayList<>();
        for (List<Object> row : rows) {
            if (row.size() != record.types.length()) {
                return row.size() + " columns";
            }
            for (int column = 0; column < row.size(); column++) {
                Object value = row.get(column);
                if (value != null && !isOfType(value, record.types.charAt(column))) {
                    return text(value) + " in columns of types " + record.types;
                }
            }
            actual.add(row.stream().map(Slt::text).collect(Collectors.joining(" ")));
        }
        List<String> expected = new ArrayList<>(record.expected);
        if (record.sort) {
            Collections.sort(actual);
            Collections.sort(expected);
        }
        String pattern = Arrays.stream(String.join("\n", expected).split("<slt:ignore>", -1))
                .map(Pattern::quote)
                .collect(Collectors.joining(".*"));
        String found = String.join("\n", actual);
        return Pattern.compile(pattern, Pattern.DOTALL).matcher(found).matches() ? null : "rows:\n" + found;
    }

    /** What is wrong with what a record does on this connection, or null. */
    static String failure(Record record, Connection connection) throws SQLException {
        List<List<Object>> rows;
        try {
            rows = run(connection, record.sql);
        } catch (SQLException error) {
            String message = message(error);
            if (error.getErrorCode() == SQLITE_INTERRUPT) {
                // A collation that fails can only interrupt its statement.
                Object reason = query(connection, "SELECT wasm_error()").get(0).get(0);
                message = reason == null ? message : reason.toString();
            }
            if (record.error == null) {
                return "failed: " + message;
            }
            return record.error.matcher(message).find() ? null : "another error: " + message;
        }
        if (record.error != null) {
            return "an error was expected";
        }
        return record.types == null ? null : compare(record, rows);
    }

    private static String message(SQLException error) {
        Matcher wrapped = WRAPPED.matcher(error.getMessage());
        return wrapped.find() ? wrapped.group(1) : error.getMessage();
    }

    static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
