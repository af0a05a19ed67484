import commensal.Commensal;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Locale;
import org.sqlite.Function;

/**
 * Bench FILE ROUNDS: times the queries of its input, and defines functions by the driver's own means. Prints the query's
 * number, its nanoseconds and its result, for each query of each round.
 */
class Bench {
    public static void main(String[] arguments) throws Exception {
        String[] queries = new String(System.in.readAllBytes(), StandardCharsets.UTF_8).split("\n");
        int rounds = Integer.parseInt(arguments[1]);
        try (Connection connection = DriverManager.getConnection("jdbc:sqlite:" + arguments[0]);
                Statement statement = connection.createStatement()) {
            Commensal.load(connection);
            define(connection);
            for (int turn = 0; turn < rounds; turn++) {
                for (int place = 0; place < queries.length; place++) {
                    int number = (turn + place) % queries.length;
                    long began = System.nanoTime();
                    try (ResultSet rows = statement.executeQuery(queries[number])) {
                        long result = rows.getLong(1);
                        System.out.println(number + " " + (System.nanoTime() - began) + " " + result);
                    }
                }
            }
        }
    }

    private static void define(Connection connection) throws SQLException {
        Function add = new Function() {
            @Override
            protected void xFunc() throws SQLException {
                result(value_long(0) + value_long(1));
            }
        };
        Function upper = new Function() {
            @Override
            protected void xFunc() throws SQLException {
                result(value_text(0).toUpperCase(Locale.ROOT));
            }
        };
        Function.create(connection, "own_add", add, 2, Function.FLAG_DETERMINISTIC);
        Function.create(connection, "own_upper", upper, 1, Function.FLAG_DETERMINISTIC);
    }
}
