import commensal.Clauses;
import commensal.Commensal;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.Statement;
import java.util.StringJoiner;

/** Host FILE MODULE: runs the scripts of bindings/hosts on a file. With a module, it stores that first. */
class Host {
    public static void main(String[] arguments) throws Exception {
        String script = new String(System.in.readAllBytes(), StandardCharsets.UTF_8);
        try (Connection connection = DriverManager.getConnection("jdbc:sqlite:" + arguments[0]);
                Statement statement = connection.createStatement()) {
            Commensal.load(connection);
            if (arguments.length > 1) {
                byte[] module = Files.readAllBytes(Path.of(arguments[1]));
                Commensal.createExtension(connection, "geo", module, new Clauses());
            }
            for (String sql : script.split(";\n")) {
                if (!sql.isBlank() && statement.execute(sql)) {
                    print(statement.getResultSet());
                }
            }
        }
    }

    private static void print(ResultSet rows) throws Exception {
        while (rows.next()) {
            StringJoiner line = new StringJoiner("|");
            for (int column = 1; column <= rows.getMetaData().getColumnCount(); column++) {
                line.add(rows.getString(column));
            }
            System.out.println(line);
        }
    }
}
