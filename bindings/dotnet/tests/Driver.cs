#nullable enable
using System;
using System.Data.Common;
using System.Data.SQLite;
using System.Reflection;
using System.Text.RegularExpressions;
using Microsoft.Data.Sqlite;

namespace Commensal.Tests
{
    /// <summary>The driver that the tests run on, and what it says of errors.</summary>
    internal sealed class Driver
    {
        /// <summary>What Microsoft.Data.Sqlite puts around SQLite's message.</summary>
        private static readonly Regex Wrapped = new Regex("^SQLite Error \\d+: '(.*)'\\.\\z", RegexOptions.Singleline);

        private readonly Func<string, DbConnection> make;

        private Driver(string name, Func<string, DbConnection> make)
        {
            Name = name;
            this.make = make;
        }

        internal string Name { get; }

        internal static Driver Named(string name)
        {
            switch (name)
            {
                case "Microsoft.Data.Sqlite":
                    return new Driver(name, path => new SqliteConnection("Data Source=" + path));
                case "System.Data.SQLite":
                    return new Driver(name, path => new SQLiteConnection("Data Source=" + path));
                case "Mono.Data.Sqlite":
                    var file = Environment.GetEnvironmentVariable("COMMENSAL_MONO_SQLITE")!;
                    var type = Assembly.LoadFrom(file).GetType("Mono.Data.Sqlite.SqliteConnection", true)!;
                    return new Driver(
                        name, path => (DbConnection)Activator.CreateInstance(type, "URI=file:" + path)!);
                default:
                    throw new ArgumentException("no such driver: " + name);
            }
        }

        /// <summary>A new connection, open, and without Commensal.</summary>
        internal DbConnection Open(string path)
        {
            var connection = make(path);
            connection.Open();
            return connection;
        }

        /// <summary>SQLite's result code, without what extends it.</summary>
        internal static int Code(DbException error)
        {
            var type = error.GetType();
            var property = type.GetProperty("SqliteErrorCode") ?? type.GetProperty("ErrorCode", BindingFlags.DeclaredOnly
                | BindingFlags.Public | BindingFlags.Instance);
            return property == null ? error.ErrorCode : Convert.ToInt32(property.GetValue(error)) & 0xFF;
        }

        /// <summary>SQLite's message, without what drivers put around it.</summary>
        internal static string Message(DbException error)
        {
            var wrapped = Wrapped.Match(error.Message);
            if (wrapped.Success)
            {
                return wrapped.Groups[1].Value;
            }
            // Mono's driver has a line about the code first.
            var line = error.GetType().Namespace == "Mono.Data.Sqlite"
                ? error.Message.IndexOf("\r\n", StringComparison.Ordinal)
                : -1;
            return line < 0 ? error.Message : error.Message.Substring(line + 2);
        }
    }
}
