#nullable enable
using System;
using System.Data.Common;
using System.Reflection;
using System.Runtime.InteropServices;

namespace Commensal
{
    /// <summary>
    /// Mono.Data.Sqlite, whose connections have no method for what is done here, and keep SQLite's handle in private fields.
    /// </summary>
    internal static class MonoDriver
    {
        internal static bool Has(DbConnection connection)
        {
            return connection.GetType().FullName == "Mono.Data.Sqlite.SqliteConnection";
        }

        internal static void EnableExtensions(DbConnection connection, bool enable)
        {
            try
            {
                sqlite3_enable_load_extension(Handle(connection), enable ? 1 : 0);
            }
            catch (EntryPointNotFoundException error)
            {
                throw new CommensalException(
                    "the SQLite of Mono.Data.Sqlite cannot load extensions: use Microsoft.Data.Sqlite", error);
            }
            GC.KeepAlive(connection);
        }

        internal static void Interrupt(DbConnection connection)
        {
            sqlite3_interrupt(Handle(connection));
            GC.KeepAlive(connection);
        }

        private static IntPtr Handle(DbConnection connection)
        {
            var handle = Field(Field(connection, "_sql"), "_sql") as CriticalHandle;
            if (handle == null || !(Field(handle, "handle") is IntPtr pointer) || pointer == IntPtr.Zero)
            {
                throw new CommensalException("this version of Mono.Data.Sqlite is unknown: use Microsoft.Data.Sqlite");
            }
            return pointer;
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

        // In the library of the same name as the driver's.

        [DllImport("sqlite3", CallingConvention = CallingConvention.Cdecl)]
        private static extern int sqlite3_enable_load_extension(IntPtr connection, int enable);

        [DllImport("sqlite3", CallingConvention = CallingConvention.Cdecl)]
        private static extern void sqlite3_interrupt(IntPtr connection);
    }
}
