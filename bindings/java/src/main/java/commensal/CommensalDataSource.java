package commensal;

import java.io.PrintWriter;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.SQLFeatureNotSupportedException;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.logging.Logger;
import javax.sql.DataSource;

/** Connections of another DataSource, each with Commensal. For pools, which take their connections from it. */
public final class CommensalDataSource implements DataSource {
    private final DataSource source;
    private final Map<String, ?> settings;

    /** Connections of {@code source} with Commensal. */
    public CommensalDataSource(DataSource source) {
        this(source, Map.of());
    }

    /** Connections of {@code source} with Commensal and these {@linkplain Commensal#load(Connection, Map) settings}. */
    public CommensalDataSource(DataSource source, Map<String, ?> settings) {
        this.source = Objects.requireNonNull(source);
        // A setting may be null.
        this.settings = new HashMap<>(settings);
    }

    @Override
    public Connection getConnection() throws SQLException {
        return loaded(source.getConnection());
    }

    @Override
    public Connection getConnection(String user, String password) throws SQLException {
        return loaded(source.getConnection(user, password));
    }

    private Connection loaded(Connection connection) throws SQLException {
        try {
            Commensal.load(connection, settings);
            return connection;
        } catch (SQLException | RuntimeException error) {
            try {
                connection.close();
            } catch (SQLException closing) {
                error.addSuppressed(closing);
            }
            throw error;
        }
    }

    @Override
    public PrintWriter getLogWriter() throws SQLException {
        return source.getLogWriter();
    }

    @Override
    public void setLogWriter(PrintWriter writer) throws SQLException {
        source.setLogWriter(writer);
    }

    @Override
    public void setLoginTimeout(int seconds) throws SQLException {
        source.setLoginTimeout(seconds);
    }

    @Override
    public int getLoginTimeout() throws SQLException {
        return source.getLoginTimeout();
    }

    @Override
    public Logger getParentLogger() throws SQLFeatureNotSupportedException {
        return source.getParentLogger();
    }

    @Override
    public <T> T unwrap(Class<T> type) throws SQLException {
        return type.isInstance(this) ? type.cast(this) : source.unwrap(type);
    }

    @Override
    public boolean isWrapperFor(Class<?> type) throws SQLException {
        return type.isInstance(this) || source.isWrapperFor(type);
    }
}
