using System;
using System.Diagnostics;
using Commensal;
using Mono.Data.Sqlite;

/// <summary>
/// Bench FILE ROUNDS: times the queries of its input, and defines functions by the driver's own means. Prints the query's
/// number, its nanoseconds and its result, for each query of each round.
/// </summary>
static class Bench
{
    static void Main(string[] arguments)
    {
        var queries = Console.In.ReadToEnd().TrimEnd().Split('\n');
        var rounds = int.Parse(arguments[1]);
        SqliteFunction.RegisterFunction(typeof(OwnAdd));
        SqliteFunction.RegisterFunction(typeof(OwnUpper));
        using (var connection = new SqliteConnection("URI=file:" + arguments[0]))
        {
            connection.Open();
            connection.LoadCommensal();
            for (var turn = 0; turn < rounds; turn++)
            {
                for (var place = 0; place < queries.Length; place++)
                {
                    var number = (turn + place) % queries.Length;
                    using (var command = connection.CreateCommand())
                    {
                        command.CommandText = queries[number];
                        var watch = Stopwatch.StartNew();
                        var result = command.ExecuteScalar();
                        var nanoseconds = watch.Elapsed.Ticks * 100;
                        Console.WriteLine("{0} {1} {2}", number, nanoseconds, Convert.ToInt64(result));
                    }
                }
            }
        }
    }
}

[SqliteFunction(Name = "own_add", Arguments = 2, FuncType = FunctionType.Scalar)]
class OwnAdd : SqliteFunction
{
    public override object Invoke(object[] arguments)
    {
        return (long)arguments[0] + (long)arguments[1];
    }
}

[SqliteFunction(Name = "own_upper", Arguments = 1, FuncType = FunctionType.Scalar)]
class OwnUpper : SqliteFunction
{
    public override object Invoke(object[] arguments)
    {
        return ((string)arguments[0]).ToUpperInvariant();
    }
}
