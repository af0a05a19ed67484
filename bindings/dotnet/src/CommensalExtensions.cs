#nullable enable
using System;
using System.Collections.Generic;
using System.Data;
using System.Data.Common;
using System.Text;
using System.Threading;

namespace Commensal
{
    /// <summary>
    /// Functions in WebAssembly, stored in a SQLite database and called from SQL.
    /// <code>
    /// connection.LoadCommensal();
    /// connection.CreateWasmExtension("geo", File.ReadAllBytes("geo.wasm"));
    /// </code>
    /// For connections of Microsoft.Data.Sqlite, System.Data.SQLite and Mono.Data.Sqlite that are open. Only
    /// <see cref="LoadCommensal"/> is needed; the rest are shorthands for SQL. Nothing here keeps to a thread, and nothing
    /// waits for anything but SQLite.
    /// </summary>
    public static class CommensalExtensions
    {
        private const string Entry = "sqlite3_commensal_init";

        /// <summary>Lets SQL loosen settings until it locks them.</summary>
        private const string EntryUnlocked = "sqlite3_commensal_config_init";

        /// <summary>The most values that a row of wasm_statement has.</summary>
        private const int ValuesMax = 9;

        private static readonly IReadOnlyDictionary<string, object?> Locked =
            new Dictionary<string, object?> { ["locked"] = 1 };

        private static long refreshed;

        /// <summary>
        /// Loads Commensal into an open connection, with the functions that its database defines. If the connection has it
        /// already, only the settings change. Afterwards the connection refuses to load extensions.
        /// </summary>
        /// <exception cref="CommensalException">
        /// There is no library for this platform, or SQLite refuses it or a setting.
        /// </exception>
        public static void LoadCommensal(this DbConnection connection, CommensalOptions? options = null)
        {
            CheckOpen(connection);
            var library = options?.Library ?? CommensalLibrary.Path;
            var settings = new List<KeyValuePair<string, object?>>();
            if (options != null)
            {
                settings.AddRange(options.Settings);
            }
            Drivers.Load(connection, library, settings.Count == 0 ? Entry : EntryUnlocked);
            if (settings.Count == 0)
            {
                return;
            }
            try
            {
                connection.ConfigureCommensal(settings);
            }
            finally
            {
                // Whatever happened, SQL from elsewhere must not loosen anything.
                connection.ConfigureCommensal(Locked);
            }
        }

        /// <summary>Tightens settings of <c>wasm_config</c>. Only <see cref="LoadCommensal"/> can loosen them.</summary>
        /// <exception cref="CommensalException">A setting is refused; those before it are made.</exception>
        public static void ConfigureCommensal(
            this DbConnection connection, IEnumerable<KeyValuePair<string, object?>> settings)
        {
            CheckOpen(connection);
            foreach (var setting in settings ?? throw new ArgumentNullException(nameof(settings)))
            {
                using var command = connection.CreateCommand();
                command.CommandText = "SELECT wasm_config(@name, @value)";
                Parameters.Add(command, "@name", setting.Key);
                Parameters.Add(command, "@value", setting.Value);
                try
                {
                    command.ExecuteScalar();
                }
                catch (DbException error)
                {
                    throw new CommensalException("setting " + setting.Key + ": " + error.Message, error);
                }
            }
        }

        /// <summary>
        /// Stores a module in the database and makes one of its exports an SQL function, within the open transaction.
        /// </summary>
        /// <param name="connection">An open connection with Commensal.</param>
        /// <param name="name">The function's name in SQL.</param>
        /// <param name="module">Binary, or the UTF-8 bytes of its text (WAT).</param>
        /// <param name="clauses">What else the statement says.</param>
        /// <exception cref="CommensalException">The statement failed, and has changed nothing.</exception>
        public static void CreateWasmFunction(
            this DbConnection connection, string name, byte[] module, WasmClauses? clauses = null)
        {
            Create(connection, "FUNCTION", name, module, clauses);
        }

        /// <summary>Stores a module in the database and creates everything that its manifest declares.</summary>
        /// <param name="connection">An open connection with Commensal.</param>
        /// <param name="name">The extension's name.</param>
        /// <param name="module">Binary, or the UTF-8 bytes of its text (WAT).</param>
        /// <param name="clauses">What else the statement says.</param>
        /// <exception cref="CommensalException">The statement failed, and has changed nothing.</exception>
        public static void CreateWasmExtension(
            this DbConnection connection, string name, byte[] module, WasmClauses? clauses = null)
        {
            Create(connection, "EXTENSION", name, module, clauses);
        }

        /// <summary>Removes a function. It is an error if an index depends on it.</summary>
        /// <exception cref="CommensalException">The statement failed, and has changed nothing.</exception>
        public static void DropWasmFunction(this DbConnection connection, string name)
        {
            connection.ExecuteCommensal("DROP FUNCTION " + WasmClauses.Quoted(name, "\""));
        }

        /// <summary>Removes an extension and all that it declares.</summary>
        /// <exception cref="CommensalException">The statement failed, and has changed nothing.</exception>
        public static void DropWasmExtension(this DbConnection connection, string name)
        {
            connection.ExecuteCommensal("DROP EXTENSION " + WasmClauses.Quoted(name, "\""));
        }

        /// <summary>
        /// Runs one CREATE or DROP statement of Commensal's, with the values of its parameters, by number. It inserts into
        /// the table <c>wasm_statement</c>. The driver runs all other SQL.
        /// </summary>
        /// <exception cref="CommensalException">The statement failed, and has changed nothing.</exception>
        public static void ExecuteCommensal(this DbConnection connection, string statement, params object?[] values)
        {
            CheckOpen(connection);
            _ = statement ?? throw new ArgumentNullException(nameof(statement));
            // A null alone is a value.
            values ??= new object?[] { null };
            if (values.Length > ValuesMax)
            {
                throw new CommensalException("a statement has " + ValuesMax + " values at most");
            }
            var columns = new StringBuilder("sql");
            var given = new StringBuilder("@sql");
            using var command = connection.CreateCommand();
            Parameters.Add(command, "@sql", statement);
            for (var number = 1; number <= values.Length; number++)
            {
                columns.Append(", p").Append(number);
                given.Append(", @p").Append(number);
                Parameters.Add(command, "@p" + number, values[number - 1]);
            }
            command.CommandText = "INSERT INTO temp.wasm_statement(" + columns + ") VALUES (" + given + ")";
            try
            {
                command.ExecuteNonQuery();
            }
            catch (DbException error)
            {
                throw new CommensalException(error.Message, error);
            }
        }

        /// <summary>
        /// Finds functions that other connections or programs have created, and tells SQLite which ones were dropped or
        /// have become deterministic. Known functions do not need it: each statement that calls one looks up what it does.
        /// </summary>
        public static void RefreshCommensal(this DbConnection connection)
        {
            CheckOpen(connection);
            using var command = connection.CreateCommand();
            command.CommandText = "SELECT wasm_refresh()";
            command.ExecuteScalar();
            // SQLite learns some of it only when it prepares a statement that names this table.
            command.CommandText = "SELECT " + Interlocked.Increment(ref refreshed) + " FROM temp.wasm_functions LIMIT 0";
            command.ExecuteScalar();
        }

        /// <summary>
        /// Stops the connection's statements, and the guests that they run, when a token is cancelled, until what this
        /// gives is disposed. That has to be before the connection is closed. What was stopped fails with the driver's
        /// exception for SQLite's code 9.
        /// <code>
        /// using (connection.InterruptOn(token))
        /// {
        ///     command.ExecuteNonQuery();
        /// }
        /// </code>
        /// </summary>
        /// <exception cref="CommensalException">The driver is an unknown one.</exception>
        public static IDisposable InterruptOn(this DbConnection connection, CancellationToken token)
        {
            CheckOpen(connection);
            return new Interruption(Drivers.Interrupter(connection), token);
        }

        private static void Create(
            DbConnection connection, string kind, string name, byte[] module, WasmClauses? clauses)
        {
            _ = name ?? throw new ArgumentNullException(nameof(name));
            _ = module ?? throw new ArgumentNullException(nameof(module));
            connection.ExecuteCommensal((clauses ?? new WasmClauses()).Statement(kind, name), module);
        }

        private static void CheckOpen(DbConnection connection)
        {
            _ = connection ?? throw new ArgumentNullException(nameof(connection));
            if (connection.State != ConnectionState.Open)
            {
                throw new InvalidOperationException("the connection is closed: open it first");
            }
        }
    }
}
