using System;
using System.Data.Common;
using System.IO;
using System.Linq;
using Commensal;
using Mono.Data.Sqlite;

/// <summary>Host FILE MODULE: runs the scripts of bindings/hosts on a file. With a module, it stores that first.</summary>
static class Host
{
    static void Main(string[] arguments)
    {
        var script = Console.In.ReadToEnd();
        using (var connection = new SqliteConnection("URI=file:" + arguments[0]))
        {
            connection.Open();
            connection.LoadCommensal();
            if (arguments.Length > 1)
            {
                connection.CreateWasmExtension("geo", File.ReadAllBytes(arguments[1]));
            }
            foreach (var sql in script.Split(new[] { ";\n" }, StringSplitOptions.RemoveEmptyEntries))
            {
                Run(connection, sql);
            }
        }
    }

    static void Run(DbConnection connection, string sql)
    {
        using (var command = connection.CreateCommand())
        {
            command.CommandText = sql;
            using (var rows = command.ExecuteReader())
            {
                while (rows.Read())
                {
                    Console.WriteLine(string.Join("|", Enumerable.Range(0, rows.FieldCount).Select(rows.GetValue)));
                }
            }
        }
    }
}
