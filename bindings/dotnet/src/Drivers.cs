#nullable enable
using System;
using System.Data.Common;
using System.Reflection;

namespace Commensal
{
    /// <summary>
    /// What ADO.NET has no words for. Drivers are known by what their connections have, so this names none at compile time.
    /// </summary>
    internal static class Drivers
    {
        private const string Known = "Microsoft.Data.Sqlite, System.Data.SQLite and Mono.Data.Sqlite";

        /// <summary>Loads a library by one of its entry points. Afterwards the connection refuses to load others.</summary>
        internal static void Load(DbConnection connection, string library, string entry)
        {
            var enable = Enabler(connection);
            try
            {
                enable?.Invoke(true);
                try
                {
                    LoadEnabled(connection, library, entry);
                }
                finally
                {
                    enable?.Invoke(false);
                }
            }
            catch (DbException error)
            {
                var what = "cannot load " + library;
                if (enable == null)
                {
                    what += " into a " + connection.GetType().FullName + " (Commensal knows the connections of " + Known
                        + "; with another driver, enable loading of extensions before)";
                }
                throw new CommensalException(what + ": " + error.Message, error);
            }
        }

        private static void LoadEnabled(DbConnection connection, string library, string entry)
        {
            var load = connection.GetType().GetMethod("LoadExtension", new[] { typeof(string), typeof(string) });
            if (load != null && IsSystemData(load))
            {
                // It enables only the C function and not SQL's.
                Bound<Action<string, string>>(load, connection)(library, entry);
                return;
            }
            // Microsoft.Data.Sqlite's method of that name would load the library again whenever the connection is opened
            // again, through an entry point that lets SQL loosen settings.
            using var command = connection.CreateCommand();
            command.CommandText = "SELECT load_extension(@file, @entry)";
            Parameters.Add(command, "@file", library);
            Parameters.Add(command, "@entry", entry);
            command.ExecuteScalar();
        }

        /// <summary>What lets a connection load extensions, or no longer. Null if the driver is an unknown one.</summary>
        private static Action<bool>? Enabler(DbConnection connection)
        {
            var method = connection.GetType().GetMethod("EnableExtensions", new[] { typeof(bool) });
            if (method != null)
            {
                return Bound<Action<bool>>(method, connection);
            }
            return MonoDriver.Has(connection) ? enable => MonoDriver.EnableExtensions(connection, enable) : (Action<bool>?)null;
        }

        /// <summary>What interrupts a connection's statements, from any thread. DbCommand.Cancel does not.</summary>
        internal static Action Interrupter(DbConnection connection)
        {
            var type = connection.GetType();
            var cancel = type.GetMethod("Cancel", Type.EmptyTypes);
            if (cancel != null && IsSystemData(cancel))
            {
                return Bound<Action>(cancel, connection);
            }
            if (MonoDriver.Has(connection))
            {
                return () => MonoDriver.Interrupt(connection);
            }
            // Microsoft.Data.Sqlite's, of the package SQLitePCLRaw.
            var handle = type.GetProperty("Handle")?.GetValue(connection);
            var interrupt = handle?.GetType().Assembly.GetType("SQLitePCL.raw")
                ?.GetMethod("sqlite3_interrupt", new[] { handle.GetType() });
            if (interrupt == null)
            {
                throw new CommensalException(
                    "cannot interrupt a " + type.FullName + ": Commensal knows the connections of " + Known);
            }
            return () => interrupt.Invoke(null, new[] { handle });
        }

        private static bool IsSystemData(MethodInfo method) => method.DeclaringType?.Namespace == "System.Data.SQLite";

        private static T Bound<T>(MethodInfo method, object target)
            where T : Delegate
        {
            // Unlike Invoke, the driver's exceptions come out as they are.
            return (T)method.CreateDelegate(typeof(T), target);
        }
    }
}
