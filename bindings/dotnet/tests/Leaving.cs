#nullable enable
using System;
using System.Collections.Generic;
using System.Data.Common;
using System.IO;
using System.Threading;

namespace Commensal.Tests
{
    /// <summary>A program that ends, and a domain that is unloaded, while everything is still open.</summary>
    internal static class Leaving
    {
        private static readonly List<object> Kept = new List<object>();

        internal static void Leave(Driver driver, string folder)
        {
            var path = Path.Combine(folder, Guid.NewGuid().ToString("N"));
            for (var number = 0; number < 3; number++)
            {
                var connection = driver.Open(path);
                Kept.Add(connection);
                connection.LoadCommensal(new CommensalOptions { Settings = { ["call_timeout_ms"] = 2_000 } });
                if (number == 0)
                {
                    connection.CreateWasmFunction("f", Tests.Constant(5));
                    connection.CreateWasmFunction("endless", Tests.Constant(5));
                }
                var command = connection.CreateCommand();
                command.CommandText = "WITH n(i) AS (SELECT f() UNION ALL SELECT f() FROM n) SELECT i FROM n";
                var reader = command.ExecuteReader();
                Kept.Add(reader);
                if (!reader.Read() || Convert.ToInt32(reader[0]) != 5)
                {
                    throw new InvalidOperationException("f() is not 5");
                }
            }
            if (!AppDomain.CurrentDomain.IsDefaultAppDomain())
            {
                return;
            }
            // A guest still runs when the process ends. A domain would wait for it.
            var running = new Thread(() =>
            {
                using var command = ((DbConnection)Kept[0]).CreateCommand();
                command.CommandText = "SELECT endless()";
                command.ExecuteScalar();
            });
            running.IsBackground = true;
            running.Start();
            Thread.Sleep(300);
        }
    }
}
