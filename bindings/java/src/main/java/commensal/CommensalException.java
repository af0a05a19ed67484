package commensal;

import java.sql.SQLException;

/**
 * Why Commensal could not be loaded, or a statement of its own failed. The cause is the driver's exception, if there is
 * one, and SQLite's result code is the error code. A function that fails in a query gives the driver's exception itself.
 */
public final class CommensalException extends SQLException {
    private static final long serialVersionUID = 1;

    CommensalException(String what, SQLException cause) {
        super(
                what == null ? cause.getMessage() : cause == null ? what : what + ": " + cause.getMessage(),
                cause == null ? null : cause.getSQLState(),
                cause == null ? 0 : cause.getErrorCode(),
                cause);
    }

    CommensalException(String what, Exception cause) {
        super(what + ": " + cause.getMessage(), cause);
    }
}
