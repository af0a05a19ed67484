#nullable enable
using System;
using System.Data.Common;
using System.Reflection;
using System.Runtime.InteropServices;

namespace Commensal
{
    /// <summary>
    /// Has a driver load a library. Drivers are known by what their connections have, so this names none at compile time.
    /// </summary>
    internal static class ExtensionLoading
    {
        /// <summary>Loads a library by one of its entry points. Afterwards the connection refuses to load others.</summary>
        internal static void Load(DbConnection connection, string library, string entry)
        {
            var enable = Enabler(connection);
            try
            {
                enable?.Invoke(true);
                LoadEnabled(connection, library, entry);
            }
            catch (DbException error)
            {
                var what = "cannot load " + library;
                if (enable == null)
                {
                    what += " into a " + connection.GetType().FullName + " (Commensal knows the connections of "
                        + "Microsoft.Data.Sqlite, System.Data.SQLite and Mono.Data.Sqlite; with another driver, enable "
                        + "loading of extensions before)";
                }
                throw new CommensalException(what + ": " + error.Message, error);
            }
            finally
            {
                enable?.Invoke(false);
            }
        }

        private static void LoadEnabled(DbConnection connection, string library, string entry)
        {
            var load = connection.GetType().GetMethod("LoadExtension", new[] { typeof(string), typeof(string) });
            if (load != null && load.DeclaringType?.Namespace == "System.Data.SQLite")
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
            var type = connection.GetType();
            var method = type.GetMethod("EnableExtensions", new[] { typeof(bool) });
            if (method != null)
            {
                return Bound<Action<bool>>(method, connection);
            }
            return type.FullName == "Mono.Data.Sqlite.SqliteConnection" ? MonoEnabler(connection) : null;
        }

        private static T Bound<T>(MethodInfo method, object target)
            where T : Delegate
        {
            // Unlike Invoke, the driver's exceptions come out as they are.
            return (T)method.CreateDelegate(typeof(T), target);
        }

        /// <summary>Mono's driver has no method for it, and keeps SQLite's handle in private fields.</summary>
        private static Action<bool> MonoEnabler(DbConnection connection)
        {
            var handle = Field(Field(connection, "_sql"), "_sql") as CriticalHandle;
            var pointer = typeof(CriticalHandle).GetField("handle", BindingFlags.NonPublic | BindingFlags.Instance)
                ?.GetValue(handle) as IntPtr?;
            if (pointer == null || pointer == IntPtr.Zero)
            {
                throw new CommensalException("this version of Mono.Data.Sqlite is unknown: use Microsoft.Data.Sqlite");
            }
            return enable =>
            {
                try
                {
                    sqlite3_enable_load_extension(pointer.Value, enable ? 1 : 0);
                }
                catch (EntryPointNotFoundException error)
                {
                    throw new CommensalException(
                        "the SQLite of Mono.Data.Sqlite cannot load extensions: use Microsoft.Data.Sqlite", error);
                }
                GC.KeepAlive(connection);
            };
        }

        private static object? Field(object? target, string name)
        {
            for (var type = target?.GetType(); type != null; type = type.BaseType)
            {
                var field = type.GetField(name, BindingFlags.NonPublic | BindingFlags.Instance);
                if (field != null)
                {
                    return field.GetValue(target);
                }
            }
            return null;
        }

        /// <summary>In the library of the same name as Mono.Data.Sqlite's.</summary>
        [DllImport("sqlite3", CallingConvention = CallingConvention.Cdecl)]
        private static extern int sqlite3_enable_load_extension(IntPtr connection, int enable);
    }
}
