#nullable enable
// A driver with the public shape of Microsoft.Data.Sqlite and System.Data.SQLite, for machines that have no registry with
// those. It calls the machine's SQLite, and has what the tests need of ADO.NET.
using System;
using System.Collections;
using System.Collections.Generic;
using System.Data;
using System.Data.Common;
using System.Runtime.InteropServices;
using System.Text;

namespace Microsoft.Data.Sqlite
{
    internal static class Native
    {
        internal const int Row = 100, Done = 101, OpenReadWriteCreateUri = 2 | 4 | 64;
        internal static readonly IntPtr Transient = new IntPtr(-1);

        [DllImport("sqlite3")] internal static extern int sqlite3_open_v2(byte[] file, out IntPtr db, int flags, IntPtr vfs);
        [DllImport("sqlite3")] internal static extern int sqlite3_close_v2(IntPtr db);
        [DllImport("sqlite3")] internal static extern int sqlite3_busy_timeout(IntPtr db, int ms);
        [DllImport("sqlite3")] internal static extern IntPtr sqlite3_errmsg(IntPtr db);
        [DllImport("sqlite3")] internal static extern int sqlite3_errcode(IntPtr db);
        [DllImport("sqlite3")] internal static extern void sqlite3_interrupt(IntPtr db);
        [DllImport("sqlite3")] internal static extern int sqlite3_changes(IntPtr db);
        [DllImport("sqlite3")] internal static extern IntPtr sqlite3_libversion();
        [DllImport("sqlite3")] internal static extern int sqlite3_enable_load_extension(IntPtr db, int on);
        [DllImport("sqlite3")] internal static extern int sqlite3_db_config(IntPtr db, int option, int on, IntPtr was);
        [DllImport("sqlite3")] internal static extern int sqlite3_load_extension(
            IntPtr db, byte[] file, byte[] entry, out IntPtr message);
        [DllImport("sqlite3")] internal static extern int sqlite3_prepare_v2(
            IntPtr db, IntPtr sql, int length, out IntPtr statement, out IntPtr tail);
        [DllImport("sqlite3")] internal static extern int sqlite3_step(IntPtr statement);
        [DllImport("sqlite3")] internal static extern int sqlite3_finalize(IntPtr statement);
        [DllImport("sqlite3")] internal static extern int sqlite3_bind_parameter_index(IntPtr statement, byte[] name);
        [DllImport("sqlite3")] internal static extern int sqlite3_bind_parameter_count(IntPtr statement);
        [DllImport("sqlite3")] internal static extern int sqlite3_bind_null(IntPtr statement, int at);
        [DllImport("sqlite3")] internal static extern int sqlite3_bind_int64(IntPtr statement, int at, long value);
        [DllImport("sqlite3")] internal static extern int sqlite3_bind_double(IntPtr statement, int at, double value);
        [DllImport("sqlite3")] internal static extern int sqlite3_bind_text(
            IntPtr statement, int at, byte[] value, int length, IntPtr destroy);
        [DllImport("sqlite3")] internal static extern int sqlite3_bind_blob(
            IntPtr statement, int at, byte[] value, int length, IntPtr destroy);
        [DllImport("sqlite3")] internal static extern int sqlite3_column_count(IntPtr statement);
        [DllImport("sqlite3")] internal static extern IntPtr sqlite3_column_name(IntPtr statement, int at);
        [DllImport("sqlite3")] internal static extern int sqlite3_column_type(IntPtr statement, int at);
        [DllImport("sqlite3")] internal static extern long sqlite3_column_int64(IntPtr statement, int at);
        [DllImport("sqlite3")] internal static extern double sqlite3_column_double(IntPtr statement, int at);
        [DllImport("sqlite3")] internal static extern IntPtr sqlite3_column_text(IntPtr statement, int at);
        [DllImport("sqlite3")] internal static extern IntPtr sqlite3_column_blob(IntPtr statement, int at);
        [DllImport("sqlite3")] internal static extern int sqlite3_column_bytes(IntPtr statement, int at);

        internal static byte[] Zero(string text)
        {
            return Encoding.UTF8.GetBytes(text + "\0");
        }

        internal static byte[] Bytes(IntPtr from, int length)
        {
            var bytes = new byte[length];
            if (length > 0)
            {
                Marshal.Copy(from, bytes, 0, length);
            }
            return bytes;
        }

        internal static string Text(IntPtr from)
        {
            var length = 0;
            while (Marshal.ReadByte(from, length) != 0)
            {
                length++;
            }
            return Encoding.UTF8.GetString(Bytes(from, length));
        }

        internal static void Check(int code, IntPtr db)
        {
            if (code != 0 && code != Row && code != Done)
            {
                throw new SqliteException(Text(sqlite3_errmsg(db)), code);
            }
        }
    }

    public sealed class SqliteException : DbException
    {
        internal SqliteException(string message, int code)
            : base("SQLite Error " + code + ": '" + message + "'.")
        {
            SqliteErrorCode = code & 0xFF;
        }

        public int SqliteErrorCode { get; }
    }

    /// <summary>As Microsoft.Data.Sqlite's: it remembers what it has loaded, and loads it again when it is opened again.</summary>
    public class SqliteConnection : DbConnection
    {
        private readonly List<(string, string?)> extensions = new List<(string, string?)>();
        private bool areExtensionsEnabled;

        public SqliteConnection(string connectionString)
        {
            ConnectionString = connectionString;
            DataSource = connectionString.Substring("Data Source=".Length);
        }

        public virtual SQLitePCL.sqlite3 Handle => new SQLitePCL.sqlite3(this);
        internal IntPtr Pointer { get; private set; }
        internal DbTransaction? Transaction { get; set; }
        public override string ConnectionString { get; set; }
        public override string Database => "main";
        public override string DataSource { get; }
        public override string ServerVersion => Native.Text(Native.sqlite3_libversion());
        public override ConnectionState State => Pointer == IntPtr.Zero ? ConnectionState.Closed : ConnectionState.Open;

        public override void ChangeDatabase(string databaseName) => throw new NotSupportedException();

        public override void Open()
        {
            var code = Native.sqlite3_open_v2(
                Native.Zero(DataSource), out var handle, Native.OpenReadWriteCreateUri, IntPtr.Zero);
            Pointer = handle;
            Native.Check(code, Pointer);
            Native.sqlite3_busy_timeout(Pointer, 30_000);
            Native.Check(Native.sqlite3_enable_load_extension(Pointer, areExtensionsEnabled ? 1 : 0), Pointer);
            foreach (var (file, entry) in extensions.ToArray())
            {
                LoadExtension(file, entry);
            }
        }

        public override void Close()
        {
            Native.sqlite3_close_v2(Pointer);
            Pointer = IntPtr.Zero;
            Transaction = null;
        }

        public virtual void EnableExtensions(bool enable = true)
        {
            Native.Check(Native.sqlite3_enable_load_extension(Pointer, enable ? 1 : 0), Pointer);
            areExtensionsEnabled = enable;
        }

        public virtual void LoadExtension(string file, string? proc = null)
        {
            Native.Check(Native.sqlite3_enable_load_extension(Pointer, 1), Pointer);
            using (var command = (SqliteCommand)CreateCommand())
            {
                command.CommandText = "SELECT load_extension(@file, @entry)";
                command.Add("@file", file);
                command.Add("@entry", proc ?? "sqlite3_extension_init");
                command.ExecuteNonQuery();
            }
            Native.Check(Native.sqlite3_enable_load_extension(Pointer, areExtensionsEnabled ? 1 : 0), Pointer);
            extensions.Add((file, proc));
        }

        protected override DbTransaction BeginDbTransaction(IsolationLevel isolationLevel)
        {
            return Transaction = new SqliteTransaction(this);
        }

        protected override DbCommand CreateDbCommand()
        {
            return new SqliteCommand { Connection = this, Transaction = Transaction };
        }

        protected override void Dispose(bool disposing)
        {
            if (disposing)
            {
                Close();
            }
            base.Dispose(disposing);
        }
    }

    public sealed class SqliteTransaction : DbTransaction
    {
        private readonly SqliteConnection connection;
        private bool isDone;

        internal SqliteTransaction(SqliteConnection connection)
        {
            this.connection = connection;
            Run("BEGIN IMMEDIATE");
        }

        protected override DbConnection DbConnection => connection;
        public override IsolationLevel IsolationLevel => IsolationLevel.Serializable;

        public override void Commit() => End("COMMIT");

        public override void Rollback() => End("ROLLBACK");

        private void End(string sql)
        {
            Run(sql);
            isDone = true;
            connection.Transaction = null;
        }

        private void Run(string sql)
        {
            using var command = connection.CreateCommand();
            command.CommandText = sql;
            command.ExecuteNonQuery();
        }

        protected override void Dispose(bool disposing)
        {
            if (disposing && !isDone && connection.State == ConnectionState.Open)
            {
                Rollback();
            }
            base.Dispose(disposing);
        }
    }

    public sealed class SqliteCommand : DbCommand
    {
        private readonly SqliteParameters parameters = new SqliteParameters();
        private SqliteConnection? connection;

        public override string CommandText { get; set; } = "";
        public override int CommandTimeout { get; set; }
        public override CommandType CommandType { get; set; } = CommandType.Text;
        public override bool DesignTimeVisible { get; set; }
        public override UpdateRowSource UpdatedRowSource { get; set; }
        protected override DbParameterCollection DbParameterCollection => parameters;
        protected override DbTransaction? DbTransaction { get; set; }

        protected override DbConnection? DbConnection
        {
            get => connection;
            set => connection = (SqliteConnection?)value;
        }

        internal IntPtr Pointer => connection?.Pointer ?? throw new InvalidOperationException("no connection");

        internal void Add(string name, object value)
        {
            parameters.Add(new SqliteParameter { ParameterName = name, Value = value });
        }

        /// <summary>None of the drivers interrupts here.</summary>
        public override void Cancel()
        {
        }

        public override void Prepare()
        {
        }

        protected override DbParameter CreateDbParameter() => new SqliteParameter();

        protected override DbDataReader ExecuteDbDataReader(CommandBehavior behavior)
        {
            if (connection!.Transaction != DbTransaction)
            {
                throw new InvalidOperationException("the command has another transaction than its connection");
            }
            return new SqliteReader(this);
        }

        public override int ExecuteNonQuery()
        {
            using var reader = ExecuteReader();
            while (reader.NextResult())
            {
            }
            return reader.RecordsAffected;
        }

        public override object? ExecuteScalar()
        {
            using var reader = ExecuteReader();
            return reader.Read() ? reader.GetValue(0) : null;
        }

        /// <summary>Binds values by name. It is an error if a parameter has none.</summary>
        internal void Bind(IntPtr statement)
        {
            var bound = 0;
            foreach (var parameter in parameters.All)
            {
                var at = Native.sqlite3_bind_parameter_index(statement, Native.Zero(parameter.ParameterName));
                if (at != 0)
                {
                    Native.Check(Bind(statement, at, parameter.Value), Pointer);
                    bound++;
                }
            }
            if (bound != Native.sqlite3_bind_parameter_count(statement))
            {
                throw new InvalidOperationException("a parameter has no value");
            }
        }

        private static int Bind(IntPtr statement, int at, object? value)
        {
            switch (value)
            {
                case DBNull _:
                    return Native.sqlite3_bind_null(statement, at);
                case byte[] bytes:
                    // A null pointer would be NULL.
                    var content = bytes.Length == 0 ? new byte[1] : bytes;
                    return Native.sqlite3_bind_blob(statement, at, content, bytes.Length, Native.Transient);
                case string text:
                    var utf8 = Native.Zero(text);
                    return Native.sqlite3_bind_text(statement, at, utf8, utf8.Length - 1, Native.Transient);
                case double real:
                    return Native.sqlite3_bind_double(statement, at, real);
                case int _:
                case long _:
                    return Native.sqlite3_bind_int64(statement, at, Convert.ToInt64(value));
                default:
                    throw new InvalidOperationException("no type of SQLite: " + value);
            }
        }
    }

    /// <summary>The rows of a command's statements. Those without columns run when they are reached.</summary>
    internal sealed class SqliteReader : DbDataReader
    {
        private readonly SqliteCommand command;
        private readonly IntPtr sql;
        private readonly IntPtr end;
        private IntPtr next;
        private IntPtr statement;
        private bool isFirstPending;
        private bool isClosed;
        private int affected = -1;
        private int first;

        internal SqliteReader(SqliteCommand command)
        {
            this.command = command;
            var text = Native.Zero(command.CommandText);
            sql = Marshal.AllocHGlobal(text.Length);
            Marshal.Copy(text, 0, sql, text.Length);
            next = sql;
            end = sql + text.Length - 1;
            try
            {
                NextResult();
            }
            catch
            {
                Free();
                throw;
            }
        }

        public override bool NextResult()
        {
            Finish();
            while (next.ToInt64() < end.ToInt64())
            {
                var length = (int)(end.ToInt64() - next.ToInt64());
                Native.Check(
                    Native.sqlite3_prepare_v2(command.Pointer, next, length, out statement, out next), command.Pointer);
                if (statement == IntPtr.Zero)
                {
                    continue;
                }
                command.Bind(statement);
                var columns = Native.sqlite3_column_count(statement);
                first = Step();
                if (columns > 0)
                {
                    isFirstPending = true;
                    return true;
                }
                affected = Math.Max(affected, 0) + Native.sqlite3_changes(command.Pointer);
                Finish();
            }
            return false;
        }

        private int Step()
        {
            var code = Native.sqlite3_step(statement);
            try
            {
                Native.Check(code, command.Pointer);
            }
            catch
            {
                Finish();
                throw;
            }
            return code;
        }

        public override bool Read()
        {
            if (statement == IntPtr.Zero)
            {
                return false;
            }
            // The first step was made when the statement began.
            first = isFirstPending ? first : first == Native.Row ? Step() : first;
            isFirstPending = false;
            return first == Native.Row;
        }

        private void Finish()
        {
            Native.sqlite3_finalize(statement);
            statement = IntPtr.Zero;
        }

        private void Free()
        {
            Finish();
            Marshal.FreeHGlobal(sql);
            isClosed = true;
        }

        public override void Close()
        {
            if (!isClosed)
            {
                Free();
            }
        }

        protected override void Dispose(bool disposing)
        {
            if (disposing)
            {
                Close();
            }
            base.Dispose(disposing);
        }

        public override object GetValue(int ordinal)
        {
            switch (Native.sqlite3_column_type(statement, ordinal))
            {
                case 1:
                    return Native.sqlite3_column_int64(statement, ordinal);
                case 2:
                    return Native.sqlite3_column_double(statement, ordinal);
                case 3:
                    var text = Native.sqlite3_column_text(statement, ordinal);
                    return Encoding.UTF8.GetString(Native.Bytes(text, Native.sqlite3_column_bytes(statement, ordinal)));
                case 4:
                    var blob = Native.sqlite3_column_blob(statement, ordinal);
                    return Native.Bytes(blob, Native.sqlite3_column_bytes(statement, ordinal));
                default:
                    return DBNull.Value;
            }
        }

        public override int FieldCount => Native.sqlite3_column_count(statement);
        public override bool HasRows => first == Native.Row;
        public override bool IsClosed => isClosed;
        public override int RecordsAffected => affected;
        public override int Depth => 0;
        public override object this[int ordinal] => GetValue(ordinal);
        public override object this[string name] => GetValue(GetOrdinal(name));
        public override string GetName(int ordinal) => Native.Text(Native.sqlite3_column_name(statement, ordinal));
        public override bool IsDBNull(int ordinal) => GetValue(ordinal) is DBNull;
        public override Type GetFieldType(int ordinal) => GetValue(ordinal).GetType();
        public override string GetDataTypeName(int ordinal) => GetFieldType(ordinal).Name;
        public override bool GetBoolean(int ordinal) => GetInt64(ordinal) != 0;
        public override byte GetByte(int ordinal) => (byte)GetInt64(ordinal);
        public override char GetChar(int ordinal) => GetString(ordinal)[0];
        public override DateTime GetDateTime(int ordinal) => throw new NotSupportedException();
        public override decimal GetDecimal(int ordinal) => Convert.ToDecimal(GetValue(ordinal));
        public override double GetDouble(int ordinal) => Convert.ToDouble(GetValue(ordinal));
        public override float GetFloat(int ordinal) => (float)GetDouble(ordinal);
        public override Guid GetGuid(int ordinal) => throw new NotSupportedException();
        public override short GetInt16(int ordinal) => (short)GetInt64(ordinal);
        public override int GetInt32(int ordinal) => (int)GetInt64(ordinal);
        public override long GetInt64(int ordinal) => Convert.ToInt64(GetValue(ordinal));
        public override string GetString(int ordinal) => (string)GetValue(ordinal);
        public override IEnumerator GetEnumerator() => new DbEnumerator(this);

        public override long GetBytes(int ordinal, long from, byte[]? buffer, int at, int length) =>
            throw new NotSupportedException();

        public override long GetChars(int ordinal, long from, char[]? buffer, int at, int length) =>
            throw new NotSupportedException();

        public override int GetOrdinal(string name)
        {
            for (var ordinal = 0; ordinal < FieldCount; ordinal++)
            {
                if (GetName(ordinal) == name)
                {
                    return ordinal;
                }
            }
            throw new ArgumentOutOfRangeException(name);
        }

        public override int GetValues(object[] values)
        {
            for (var ordinal = 0; ordinal < FieldCount; ordinal++)
            {
                values[ordinal] = GetValue(ordinal);
            }
            return FieldCount;
        }
    }

    public sealed class SqliteParameter : DbParameter
    {
        public override DbType DbType { get; set; }
        public override ParameterDirection Direction { get; set; } = ParameterDirection.Input;
        public override bool IsNullable { get; set; }
        public override string ParameterName { get; set; } = "";
        public override int Size { get; set; }
        public override string SourceColumn { get; set; } = "";
        public override bool SourceColumnNullMapping { get; set; }
        public override object? Value { get; set; }

        public override void ResetDbType()
        {
        }
    }

    internal sealed class SqliteParameters : DbParameterCollection
    {
        private readonly List<SqliteParameter> all = new List<SqliteParameter>();

        internal IEnumerable<SqliteParameter> All => all;

        public override int Count => all.Count;
        public override object SyncRoot => all;

        public override int Add(object value)
        {
            all.Add((SqliteParameter)value);
            return all.Count - 1;
        }

        public override void AddRange(Array values)
        {
            foreach (var value in values)
            {
                Add(value!);
            }
        }

        public override void Clear() => all.Clear();
        public override bool Contains(object value) => all.Contains((SqliteParameter)value);
        public override bool Contains(string value) => IndexOf(value) >= 0;
        public override void CopyTo(Array array, int index) => ((ICollection)all).CopyTo(array, index);
        public override IEnumerator GetEnumerator() => all.GetEnumerator();
        public override int IndexOf(object value) => all.IndexOf((SqliteParameter)value);
        public override int IndexOf(string name) => all.FindIndex(one => one.ParameterName == name);
        public override void Insert(int index, object value) => all.Insert(index, (SqliteParameter)value);
        public override void Remove(object value) => all.Remove((SqliteParameter)value);
        public override void RemoveAt(int index) => all.RemoveAt(index);
        public override void RemoveAt(string name) => all.RemoveAt(IndexOf(name));
        protected override DbParameter GetParameter(int index) => all[index];
        protected override DbParameter GetParameter(string name) => all[IndexOf(name)];
        protected override void SetParameter(int index, DbParameter value) => all[index] = (SqliteParameter)value;
        protected override void SetParameter(string name, DbParameter value) => SetParameter(IndexOf(name), value);
    }
}

namespace SQLitePCL
{
    public sealed class sqlite3
    {
        private readonly Microsoft.Data.Sqlite.SqliteConnection connection;

        internal sqlite3(Microsoft.Data.Sqlite.SqliteConnection connection)
        {
            this.connection = connection;
        }

        internal IntPtr Pointer =>
            connection.Pointer == IntPtr.Zero ? throw new ObjectDisposedException("sqlite3") : connection.Pointer;
    }

    public static class raw
    {
        public static void sqlite3_interrupt(sqlite3 db) => Microsoft.Data.Sqlite.Native.sqlite3_interrupt(db.Pointer);
    }
}

namespace System.Data.SQLite
{
    using Microsoft.Data.Sqlite;

    /// <summary>As System.Data.SQLite's: it enables only the C function.</summary>
    public sealed class SQLiteConnection : SqliteConnection
    {
        private const int EnableLoadExtension = 1005;

        public SQLiteConnection(string connectionString)
            : base(connectionString)
        {
        }

        public override void EnableExtensions(bool enable)
        {
            Native.Check(Native.sqlite3_db_config(Pointer, EnableLoadExtension, enable ? 1 : 0, IntPtr.Zero), Pointer);
        }

        public override void LoadExtension(string file, string? proc)
        {
            var code = Native.sqlite3_load_extension(Pointer, Native.Zero(file), Native.Zero(proc!), out var message);
            if (code != 0)
            {
                throw new SqliteException(message == IntPtr.Zero ? "error" : Native.Text(message), code);
            }
        }

        public void Cancel()
        {
            if (Pointer == IntPtr.Zero)
            {
                throw new InvalidOperationException("the connection is closed");
            }
            Native.sqlite3_interrupt(Pointer);
        }
    }
}
