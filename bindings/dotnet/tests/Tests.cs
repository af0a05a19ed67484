#nullable enable
using System;
using System.Collections.Generic;
using System.Data;
using System.Data.Common;
using System.Diagnostics;
using System.IO;
using System.Linq;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.RegularExpressions;
using System.Threading;
using System.Threading.Tasks;

namespace Commensal.Tests
{
    /// <summary>Each public method is a test, with a folder of its own.</summary>
    internal sealed class Tests
    {
        /// <summary>The folder with conformance/ and guests/.</summary>
        private static readonly string Tree = Environment.GetEnvironmentVariable("COMMENSAL_TREE")!;

        internal static readonly string[] Long = { nameof(AllSharedCases), nameof(TenThousandLoads) };

        private readonly Driver driver;
        private readonly string folder;

        internal Tests(Driver driver, string folder)
        {
            this.driver = driver;
            this.folder = folder;
        }

        private static void Equal(object? expected, object? found)
        {
            expected = expected is int number ? (long)number : expected;
            found = found is int other ? (long)other : found;
            if (!Equals(expected, found))
            {
                throw new InvalidOperationException("expected " + expected + ", and found " + found);
            }
        }

        /// <summary>Checks that something fails with this exception, whose message has this text.</summary>
        private static E Fails<E>(string text, Action action)
            where E : Exception
        {
            try
            {
                action();
            }
            catch (E error) when (error.Message.Contains(text))
            {
                return error;
            }
            throw new InvalidOperationException("nothing failed with: " + text);
        }

        private string At(string name) => Path.Combine(folder, name);

        private DbConnection Open(params (string, object?)[] settings)
        {
            var connection = driver.Open(At("t.db"));
            try
            {
                connection.LoadCommensal(With(settings));
                Slt.Query(connection, "PRAGMA synchronous = OFF");
                return connection;
            }
            catch
            {
                connection.Dispose();
                throw;
            }
        }

        private static CommensalOptions With(params (string, object?)[] settings)
        {
            var options = new CommensalOptions();
            foreach (var (name, value) in settings)
            {
                options.Settings.Add(name, value);
            }
            return options;
        }

        private static Dictionary<string, object?> One(string name, object? value)
        {
            return new Dictionary<string, object?> { [name] = value };
        }

        private static object Value(DbConnection connection, string sql) => Slt.Query(connection, sql)[0][0];

        /// <summary>A module whose export f gives a number.</summary>
        internal static byte[] Constant(int value)
        {
            return Encoding.UTF8.GetBytes(
                "(module (memory (export \"memory\") 1) (data (i32.const 512) \"\\01\")"
                    + "(func (export \"commensal_scratch\") (param i32) (result i32) (i32.const 1024))"
                    + "(func (export \"f\") (param i32 i32) (result i32)"
                    + "  (i64.store (i32.const 520) (i64.const " + value + ")) (i32.const 512))"
                    + "(func (export \"outside\") (param i32 i32) (result i32) (i32.load (i32.const -8)))"
                    + "(func (export \"endless\") (param i32 i32) (result i32) (loop (br 0)) (unreachable)))");
        }

        public void AllSharedCases()
        {
            var cases = Path.Combine(Tree, "conformance");
            var files = Directory.GetFiles(cases, "*.slt").OrderBy(file => file, StringComparer.Ordinal).ToList();
            Equal(true, files.Count > 30);
            var failures = new List<string>();
            foreach (var file in files)
            {
                var connections = new Dictionary<string, DbConnection>();
                var name = Path.GetFileName(file);
                var text = File.ReadAllText(file);
                if (Program.IsMono)
                {
                    // Mono has the processor round to 53 bits where SQLite, which reads numbers, expects more.
                    text = text.Replace("1e100", "1e20").Replace("1.0e+100", "1.0e+20");
                }
                foreach (var record in Slt.Parse(text, "sqlite", "wasmtime"))
                {
                    if (!connections.TryGetValue(record.Connection, out var connection))
                    {
                        connection = driver.Open(At(name + ".db"));
                        connections.Add(record.Connection, connection);
                        connection.LoadCommensal(With(("file_base", cases), ("allow", "sql_read,sql_write")));
                        Slt.Query(connection, "PRAGMA synchronous = OFF");
                    }
                    var failure = Slt.Failure(record, connection);
                    if (failure != null)
                    {
                        failures.Add(name + ":" + record.Line + ": " + failure + "\n" + record.Sql);
                    }
                }
                Equal(false, connections.Count == 0);
                foreach (var connection in connections.Values)
                {
                    connection.Dispose();
                }
            }
            Equal("", string.Join("\n\n", failures));
        }

        public void TheRunnerNoticesWhatHasToFail()
        {
            using var connection = Open();
            var wrong = new Dictionary<string, string>
            {
                ["query I\nSELECT 1\n----\n2"] = "rows",
                ["query I\nSELECT 1\n----\n1 "] = "rows",
                ["query I\nSELECT 1\n----"] = "rows",
                ["query T\nSELECT 1\n----\n1"] = "types T",
                ["query II\nSELECT 1\n----\n1"] = "1 columns",
                ["query error nothing\nSELECT no_such()\n"] = "another error",
                ["statement error\nSELECT 1"] = "expected",
                ["statement ok\nSELECT no_such()"] = "no such function",
                ["query I\nSELECT 1; SELECT 2; -- ;\n----\n1"] = "rows",
            };
            foreach (var one in wrong)
            {
                var failure = Slt.Failure(Slt.Parse(one.Key)[0], connection);
                Equal(true, failure != null && failure.Contains(one.Value));
            }
        }

        public void ValuesAreWrittenAsTheCasesHaveThem()
        {
            var values = new (object, string)[]
            {
                (0.0, "0.0"), (-0.0, "-0.0"), (1.0, "1.0"), (-1.5, "-1.5"), (100.0, "100.0"), (1e16, "10000000000000000.0"),
                (1e17, "1.0e+17"), (1.25e-5, "1.25e-05"), (2.2250738585072014e-308, "2.2250738585072014e-308"),
                (0.1 + 0.2, "0.30000000000000004"), (double.NegativeInfinity, "-Inf"), ("", "(empty)"),
                ("a\\\0\t\u001b\u009b", "a\\\\0\\t\\u{1b}\\u{9b}"), (new byte[] { 10, 255 }, "X'0AFF'"),
                (DBNull.Value, "NULL"), (long.MinValue, "-9223372036854775808"),
            };
            foreach (var (value, text) in values)
            {
                Equal(text, Slt.Text(value));
            }
        }

        public void DefinitionsBelongToTheTransaction()
        {
            using var connection = Open();
            connection.CreateWasmFunction("f", Constant(1));
            using (var transaction = connection.BeginTransaction())
            {
                connection.CreateWasmFunction("f", Constant(2), new WasmClauses { Replace = true });
                Equal(2, Value(connection, "SELECT f()"));
                Fails<CommensalException>(
                    "function \"f\" already exists", () => connection.CreateWasmFunction("f", Constant(3)));
                Equal(2, Value(connection, "SELECT f()"));
                transaction.Rollback();
            }
            Equal(1, Value(connection, "SELECT f()"));
            using (var transaction = connection.BeginTransaction())
            {
                connection.CreateWasmFunction("f", Constant(9), new WasmClauses { IfNotExists = true });
                connection.DropWasmFunction("f");
                connection.CreateWasmFunction("a\"b", Constant(4), new WasmClauses
                {
                    Export = "f", Deterministic = true, Timeout = TimeSpan.FromSeconds(1), Fuel = 1000, MemoryMb = 1,
                    Allow = "log",
                });
                transaction.Commit();
            }
            Equal(4, Value(connection, "SELECT \"a\"\"b\"()"));
            Equal(
                "{\"timeout_ms\":1000,\"fuel\":1000,\"memory_mb\":1,\"allow\":\"log\"}",
                Value(connection, "SELECT options FROM commensal_object"));
            var geo = File.ReadAllBytes(Path.Combine(Tree, "guests/prebuilt/geo.wasm"));
            connection.CreateWasmExtension("geo", geo, new WasmClauses { Prefix = "geo_", Without = "bearing_deg" });
            Equal(877.0, Value(connection, "SELECT round(geo_haversine_km(52.52, 13.405, 48.8566, 2.3522))"));
            connection.DropWasmExtension("geo");
            Equal(1, Value(connection, "SELECT count(*) FROM commensal_object"));
        }

        public void ErrorsHaveCauses()
        {
            using var connection = Open();
            foreach (var (statement, message) in new[]
            {
                ("DROP FUNCTION f", "no such function: f"),
                ("DROP TABLE t", "wasm_statement runs CREATE and DROP"),
                ("CREATE FUNCTION abs LANGUAGE wasm AS '(module)'", "abs"),
            })
            {
                var error = Fails<CommensalException>(message, () => connection.ExecuteCommensal(statement));
                Equal(1, Driver.Code((DbException)error.InnerException!));
            }
            Fails<CommensalException>("", () => connection.ExecuteCommensal("CREATE FUNCTION f LANGUAGE wasm AS ?", null!));
            Fails<CommensalException>("9 values", () => connection.ExecuteCommensal("", new object[10]));
            Fails<CommensalException>("setting speed", () => connection.ConfigureCommensal(One("speed", 1)));
            Fails<CommensalException>(
                "cannot load /nowhere", () => connection.LoadCommensal(new CommensalOptions { Library = "/nowhere" }));
            // Nothing can be loaded afterwards.
            var refused = Assert(() => Value(connection, "SELECT load_extension('x')"));
            Equal("not authorized", Driver.Message(refused));
            connection.CreateWasmFunction("outside", Constant(1));
            Equal(false, Assert(() => Value(connection, "SELECT outside()")) is CommensalException);
            Equal(1, Value(connection, "SELECT 1"));
            Fails<ArgumentNullException>("name", () => connection.CreateWasmFunction(null!, Constant(1)));
            Fails<ArgumentNullException>("module", () => connection.CreateWasmFunction("f", null!));
            connection.Close();
            Fails<InvalidOperationException>("open it first", () => connection.LoadCommensal());
        }

        private static DbException Assert(Action action) => Fails<DbException>("", action);

        public void SettingsAreLocked()
        {
            using var connection = Open(("allow", "clock"), ("call_timeout_ms", 50), ("timing", true), ("fuel", null));
            CheckLocked(connection);
            // A driver may load again what it has loaded.
            connection.Close();
            connection.Open();
            if (Slt.Query(connection, "SELECT 1 FROM pragma_function_list WHERE name = 'wasm_config'").Count > 0)
            {
                Equal(1, Value(connection, "SELECT wasm_config('locked')"));
            }
            connection.LoadCommensal(With(("allow", "clock"), ("call_timeout_ms", 50), ("timing", true)));
            CheckLocked(connection);
            // As with a connection of a pool, which has it already.
            connection.LoadCommensal(With(("allow", "clock"), ("call_timeout_ms", 50), ("timing", true)));
            CheckLocked(connection);
            Fails<CommensalException>("setting speed", () => connection.LoadCommensal(With(("speed", 1))));
            Equal(1, Value(connection, "SELECT wasm_config('locked')"));
        }

        private static void CheckLocked(DbConnection connection)
        {
            Equal(51, Value(connection, "SELECT wasm_config('call_timeout_ms') + wasm_config('timing')"));
            Equal("clock", Value(connection, "SELECT wasm_config('allow')"));
            connection.ConfigureCommensal(One("call_timeout_ms", 40));
            connection.ConfigureCommensal(One("allow", ""));
            foreach (var (name, value) in new (string, object)[] { ("call_timeout_ms", 60), ("allow", "clock"), ("locked", 0) })
            {
                Fails<CommensalException>("setting " + name, () => connection.ConfigureCommensal(One(name, value)));
            }
        }

        public void GuestsAreEnded()
        {
            using var connection = Open(("call_timeout_ms", 60_000), ("statement_timeout_ms", 60_000));
            connection.CreateWasmFunction("endless", Constant(1));
            var clock = Stopwatch.StartNew();
            for (var round = 0; round < 3; round++)
            {
                // Before the statement begins, and while it runs.
                using var source = new CancellationTokenSource();
                using (connection.InterruptOn(source.Token))
                {
                    source.CancelAfter(round * 100);
                    Equal(9, Driver.Code(Assert(() => Value(connection, "SELECT endless()"))));
                }
                Equal(1, Value(connection, "SELECT 1"));
            }
            using (var late = new CancellationTokenSource())
            {
                connection.InterruptOn(late.Token).Dispose();
                late.Cancel();
                Equal(1, Value(connection, "SELECT 1"));
            }
            using (var source = new CancellationTokenSource())
            {
                // What runs on another thread must not fail when it finds a connection closed.
                using var closed = Open();
                using (closed.InterruptOn(source.Token))
                {
                    closed.Close();
                    source.Cancel();
                    Thread.Sleep(100);
                }
            }
            connection.ConfigureCommensal(One("statement_timeout_ms", 100));
            Assert(() => Value(connection, "SELECT endless()"));
            Equal(true, clock.ElapsedMilliseconds < 20_000);
            Equal(1, Value(connection, "SELECT 1"));
        }

        public void ConnectionsMoveBetweenThreads()
        {
            using var connection = Open();
            connection.CreateWasmFunction("f", Constant(5));
            var threads = new HashSet<int>();
            async Task Calls()
            {
                for (var call = 0; call < 200; call++)
                {
                    await Task.Factory.StartNew(() => Equal(5, Value(connection, "SELECT f()")), CancellationToken.None,
                        call % 10 == 0 ? TaskCreationOptions.LongRunning : TaskCreationOptions.None, TaskScheduler.Default)
                        .ConfigureAwait(false);
                    threads.Add(Thread.CurrentThread.ManagedThreadId);
                }
            }
            Calls().Wait();
            Equal(true, threads.Count > 1);
        }

        public void ConcurrentConnections()
        {
            using var first = Open();
            if (driver.Name != "Mono.Data.Sqlite")
            {
                // That driver sets it back whenever a connection is opened, which fails while there are others.
                Slt.Query(first, "PRAGMA journal_mode = WAL");
            }
            first.CreateWasmFunction("f", Constant(1));
            var ends = false;
            var running = Enumerable.Range(0, 8).Select(number => Task.Factory.StartNew(
                () =>
                {
                    var calls = 0;
                    while (!Volatile.Read(ref ends) || calls == 0)
                    {
                        using var connection = Open(("call_timeout_ms", 5000));
                        for (var call = 0; call < 10; call++, calls++)
                        {
                            var row = Slt.Query(
                                connection,
                                "WITH n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100) "
                                    + "SELECT min(wasm_call('f')), max(wasm_call('f')) FROM n")[0];
                            Equal(row[0], row[1]);
                        }
                    }
                    return calls;
                },
                TaskCreationOptions.LongRunning)).ToArray();
            for (var version = 2; version < 20; version++)
            {
                first.CreateWasmFunction("f", Constant(version), new WasmClauses { Replace = true });
                Equal(version, Value(first, "SELECT wasm_call('f')"));
                Thread.Sleep(50);
            }
            Volatile.Write(ref ends, true);
            Task.WaitAll(running);
            Equal(true, running.All(one => one.Result > 0));
            // A name that another connection has created.
            using var second = Open();
            first.CreateWasmFunction("g", Constant(7), new WasmClauses { Export = "f" });
            second.RefreshCommensal();
            Equal(7, Value(second, "SELECT g()"));
        }

        private sealed class Box
        {
            internal int Value;
        }

        [MethodImpl(MethodImplOptions.NoInlining)]
        private static void Increase(Box box) => box.Value++;

        /// <summary>Runtimes find null by signals, and with guard pages Commensal finds guests' faults by signals.</summary>
        public void FaultsBesideNullReferences()
        {
            foreach (var guards in new[] { 0, 1 })
            {
                using (var connection = Open(("guard_pages", guards)))
                {
                    connection.CreateWasmFunction("outside", Constant(1), new WasmClauses { Replace = true });
                }
                var running = new List<Task<int>>();
                for (var number = 0; number < 4; number++)
                {
                    running.Add(Task.Factory.StartNew(
                        () =>
                        {
                            var faults = 0;
                            using var connection = Open(("guard_pages", guards));
                            for (var call = 0; call < 500; call++)
                            {
                                var error = Assert(() => Value(connection, "SELECT outside()"));
                                faults += Driver.Message(error).Contains("outside()") ? 1 : 0;
                            }
                            return faults;
                        },
                        TaskCreationOptions.LongRunning));
                    running.Add(Task.Factory.StartNew(
                        () =>
                        {
                            var nulls = 0;
                            var box = new Box();
                            for (var call = 0; call < 500_000; call++)
                            {
                                try
                                {
                                    Increase(call % 1000 == 999 ? null! : box);
                                }
                                catch (NullReferenceException)
                                {
                                    nulls++;
                                }
                            }
                            return nulls;
                        },
                        TaskCreationOptions.LongRunning));
                }
                foreach (var one in running)
                {
                    Equal(500, one.Result);
                }
            }
        }

        private static long ResidentBytes()
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
            GC.Collect();
            return long.Parse(File.ReadAllText("/proc/self/statm").Split(' ')[1]) * 4096;
        }

        public void TenThousandLoads()
        {
            using (var connection = Open())
            {
                connection.CreateWasmFunction("f", Constant(5));
            }
            long before = 0;
            for (var load = 0; load < 10_000; load++)
            {
                using (var connection = driver.Open(At("t.db")))
                {
                    connection.LoadCommensal();
                    if (load % 100 == 0)
                    {
                        Equal(5, Value(connection, "SELECT f()"));
                    }
                }
                before = load == 2000 ? ResidentBytes() : before;
            }
            var grown = ResidentBytes() - before;
            if (grown > 64 << 20)
            {
                throw new InvalidOperationException("8,000 loads took " + grown + " bytes");
            }
        }

        public void NothingCrashesAtTheEnd()
        {
            var program = Assembly.GetEntryAssembly()!.Location;
            var arguments = new[] { driver.Name, "--leave", folder };
            if (Program.IsMono)
            {
                Command.Run(folder, Command.Mono, new[] { program }.Concat(arguments).ToArray());
                var domain = AppDomain.CreateDomain("leaving");
                Equal(0, domain.ExecuteAssembly(program, arguments));
                AppDomain.Unload(domain);
            }
            else
            {
                Command.Run(folder, Command.Dotnet, new[] { "exec", program }.Concat(arguments).ToArray());
            }
            using var connection = Open();
            connection.CreateWasmFunction("f", Constant(6));
            Equal(6, Value(connection, "SELECT f()"));
        }

        public void TheLibraryIsFound()
        {
            Equal(true, File.Exists(CommensalLibrary.Path) && Path.IsPathRooted(CommensalLibrary.Path));
            var find = typeof(CommensalLibrary).GetMethod("Find", BindingFlags.NonPublic | BindingFlags.Static)!;
            string Find(params string[] folders) => (string)find.Invoke(null, new object[] { folders })!;
            var here = Path.GetDirectoryName(CommensalLibrary.Path)!;
            Equal(CommensalLibrary.Path, Find("", folder, here));
            Directory.SetCurrentDirectory(here);
            var missing = Fails<TargetInvocationException>("", () => Find("", ".", folder));
            Equal(true, missing.InnerException is CommensalException);
            foreach (var part in new[] { "NuGet package Commensal", "this one is ", "CommensalOptions.Library" })
            {
                Equal(true, missing.InnerException!.Message.Contains(part));
            }
        }

        /// <summary>A driver that nobody has heard of.</summary>
        private sealed class Unknown : DbConnection
        {
            private readonly DbConnection inner;

            internal Unknown(DbConnection inner)
            {
                this.inner = inner;
            }

            public override string ConnectionString { get; set; } = "";
            public override string Database => inner.Database;
            public override string DataSource => inner.DataSource;
            public override string ServerVersion => inner.ServerVersion;
            public override ConnectionState State => inner.State;
            public override void ChangeDatabase(string databaseName) => inner.ChangeDatabase(databaseName);
            public override void Close() => inner.Close();
            public override void Open() => inner.Open();
            protected override DbTransaction BeginDbTransaction(IsolationLevel level) => inner.BeginTransaction(level);
            protected override DbCommand CreateDbCommand() => inner.CreateCommand();
        }

        public void OtherDriversHaveToEnableLoading()
        {
            using var connection = driver.Open(At("t.db"));
            var unknown = new Unknown(connection);
            Fails<CommensalException>("Microsoft.Data.Sqlite, System.Data.SQLite", () => unknown.LoadCommensal());
            Fails<CommensalException>("cannot interrupt", () => unknown.InterruptOn(CancellationToken.None));
            if (driver.Name == "Microsoft.Data.Sqlite")
            {
                connection.GetType().GetMethod("EnableExtensions")!.Invoke(connection, new object[] { true });
                unknown.LoadCommensal();
                Equal("wasmtime", Value(connection, "SELECT wasm_config('runtime')"));
            }
        }
    }
}
