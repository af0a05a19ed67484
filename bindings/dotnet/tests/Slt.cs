#nullable enable
using System;
using System.Collections.Generic;
using System.Data.Common;
using System.Globalization;
using System.Linq;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.RegularExpressions;

namespace Commensal.Tests
{
    /// <summary>
    /// Runs the project's cases, sqllogictest files, through ADO.NET, as strictly as <c>commensal test --strict</c> does. The
    /// documentation of crates/conformance says what the files may contain. This runner does not know what they test.
    /// A program with its own driver has to do some things that Rust's facade does by itself. They are done here as
    /// docs/extension.md says.
    /// </summary>
    internal static class Slt
    {
        private const int Interrupted = 9;
        private const RegexOptions Flags = RegexOptions.IgnoreCase | RegexOptions.CultureInvariant;

        private static readonly Regex Token = new Regex(
            "(--[^\\n]*|/\\*.*?(?:\\*/|\\z))|(;)|file://[^\\s;]*|'(?>(?:[^']|'')*)(?:'|\\z)|\"(?>(?:[^\"]|\"\")*)(?:\"|\\z)"
                + "|`(?>(?:[^`]|``)*)(?:`|\\z)|\\[(?>[^\\]]*)(?:\\]|\\z)|\\w+|.",
            Flags | RegexOptions.Singleline);

        private static readonly Regex Ours = new Regex(
            "^\\s*(?:(?:CREATE(?:\\s+OR\\s+REPLACE)?|DROP)\\s+(?:FUNCTION|EXTENSION)\\b)", Flags);

        private static readonly Regex CacheSize = new Regex("^\\s*PRAGMA\\s+wasm_cache_size\\b", Flags);
        private static readonly Regex Sized = new Regex("^\\s*PRAGMA\\s+wasm_cache_size\\s*\\z", Flags);

        private static readonly Regex AboutName = new Regex(
            "^(?:no such (?:function|table|collation sequence)|wrong number of arguments to function)");

        private static readonly Regex Writes = new Regex("^\\s*(?:INSERT|REPLACE|UPDATE|DELETE|WITH)\\b", Flags);
        private static readonly Regex Trigger = new Regex("^\\s*CREATE\\s+(?:TEMP\\s+|TEMPORARY\\s+)?TRIGGER\\b", Flags);
        private static readonly Regex TriggerEnd = new Regex(";\\s*END\\s*\\z", Flags);

        /// <summary>A statement or a query, and what is expected of it.</summary>
        internal sealed class Record
        {
            internal int Line;
            internal string Connection = "";
            internal string Sql = "";
            internal Regex? Error;
            internal string? Types;
            internal bool Sort;
            internal string[] Expected = Array.Empty<string>();
        }

        /// <summary>The records of a file for a driver with these labels.</summary>
        internal static List<Record> Parse(string text, params string[] labels)
        {
            var records = new List<Record>();
            var lines = text.Split('\n');
            var at = 0;
            var connection = "";
            var wanted = true;
            while (at < lines.Length)
            {
                var line = lines[at++];
                if (string.IsNullOrWhiteSpace(line) || line.StartsWith("#", StringComparison.Ordinal))
                {
                    continue;
                }
                var words = Regex.Split(line.Trim(), "\\s+");
                var second = words.Length > 1 ? words[1] : "";
                var record = new Record { Line = at, Connection = connection };
                if (words[0] == "halt")
                {
                    return records;
                }
                else if (words[0] == "connection")
                {
                    connection = second;
                    continue;
                }
                else if (words[0] == "onlyif" || words[0] == "skipif")
                {
                    wanted &= labels.Contains(second) == (words[0] == "onlyif");
                    continue;
                }
                else if (line.StartsWith("statement error") || line.StartsWith("query error"))
                {
                    record.Error = new Regex(Regex.Replace(line, "^\\w+\\s+error\\s*", ""));
                    record.Sql = Until(lines, ref at, "", "----");
                }
                else if (line.Trim() == "statement ok")
                {
                    record.Sql = Until(lines, ref at, "");
                }
                else if (words[0] == "query" && (words.Length == 2 || words.Length == 3 && words[2] == "rowsort"))
                {
                    record.Types = second;
                    record.Sort = words.Length == 3;
                    record.Sql = Until(lines, ref at, "----");
                    at++;
                    var expected = Until(lines, ref at, "");
                    record.Expected = expected == "" ? Array.Empty<string>() : expected.Split('\n');
                }
                else
                {
                    throw new FormatException("line " + at + ": " + line);
                }
                if (at < lines.Length && lines[at] == "----")
                {
                    throw new FormatException("line " + at + ": exact messages are not supported");
                }
                if (wanted)
                {
                    records.Add(record);
                }
                connection = "";
                wanted = true;
            }
            return records;
        }

        private static string Until(string[] lines, ref int at, params string[] ends)
        {
            var start = at;
            while (at < lines.Length && !ends.Contains(lines[at]))
            {
                at++;
            }
            return string.Join("\n", lines.Skip(start).Take(at - start));
        }

        /// <summary>The statements of a text, without comments.</summary>
        private static List<string> Statements(string text)
        {
            var all = new List<string>();
            var statement = new StringBuilder();
            foreach (Match? token in Token.Matches(text))
            {
                var isEnd = false;
                if (token!.Groups[2].Success)
                {
                    var before = statement.ToString();
                    isEnd = !Trigger.IsMatch(before) || TriggerEnd.IsMatch(before);
                }
                if (isEnd)
                {
                    all.Add(statement.ToString());
                    statement.Clear();
                }
                else
                {
                    statement.Append(token.Groups[1].Success ? " " : token.Value);
                }
            }
            all.Add(statement.ToString());
            return all;
        }

        /// <summary>Runs the statements of a text; the rows are those of the last one that has any.</summary>
        private static List<object[]> Run(DbConnection connection, string text)
        {
            var rows = new List<object[]>();
            foreach (var statement in Statements(text))
            {
                var found = new List<object[]>();
                if (string.IsNullOrWhiteSpace(statement))
                {
                    continue;
                }
                else if (Sized.IsMatch(statement))
                {
                    found = Query(connection, "SELECT wasm_config('cache_bytes_used'), wasm_config('cache_bytes_max')");
                }
                else if (CacheSize.IsMatch(statement))
                {
                    Exec(connection, statement);
                }
                else if (Ours.IsMatch(statement))
                {
                    Exec(connection, statement);
                    connection.RefreshCommensal();
                }
                else
                {
                    found = RunSqlites(connection, statement);
                }
                rows = found.Count == 0 ? rows : found;
            }
            return rows;
        }

        /// <summary>An index may have to be dropped, which only wasm_exec can.</summary>
        private static void Exec(DbConnection connection, string sql)
        {
            using var command = connection.CreateCommand();
            command.CommandText = "SELECT wasm_exec(@sql)";
            var parameter = command.CreateParameter();
            parameter.ParameterName = "@sql";
            parameter.Value = sql;
            command.Parameters.Add(parameter);
            command.ExecuteScalar();
        }

        private static List<object[]> RunSqlites(DbConnection connection, string statement)
        {
            try
            {
                return RunUndone(connection, statement);
            }
            catch (DbException error) when (AboutName.IsMatch(Driver.Message(error)))
            {
            }
            connection.RefreshCommensal();
            return RunUndone(connection, statement);
        }

        /// <summary>Within a transaction, SQLite does not undo every statement that a table fails.</summary>
        private static List<object[]> RunUndone(DbConnection connection, string statement)
        {
            if (!Writes.IsMatch(statement) || !IsInTransaction(connection))
            {
                return Query(connection, statement);
            }
            Query(connection, "SAVEPOINT driver");
            try
            {
                return Query(connection, statement);
            }
            catch (DbException)
            {
                if (IsInTransaction(connection))
                {
                    Query(connection, "ROLLBACK TO driver");
                }
                throw;
            }
            finally
            {
                if (IsInTransaction(connection))
                {
                    Query(connection, "RELEASE driver");
                }
            }
        }

        /// <summary>The driver does not tell. SQLite begins no transaction within another.</summary>
        private static bool IsInTransaction(DbConnection connection)
        {
            try
            {
                Query(connection, "BEGIN");
            }
            catch (DbException)
            {
                return true;
            }
            Query(connection, "ROLLBACK");
            return false;
        }

        internal static List<object[]> Query(DbConnection connection, string sql)
        {
            var rows = new List<object[]>();
            using var command = connection.CreateCommand();
            command.CommandText = sql;
            using var reader = command.ExecuteReader();
            while (reader.FieldCount > 0 && reader.Read())
            {
                var row = new object[reader.FieldCount];
                reader.GetValues(row);
                rows.Add(row);
            }
            return rows;
        }

        private static bool IsOfType(object value, char type)
        {
            return type switch
            {
                'I' => value is long,
                'R' => value is double,
                'T' => value is string,
                'B' => value is byte[],
                _ => true,
            };
        }

        /// <summary>A value as the files write it.</summary>
        internal static string Text(object value)
        {
            switch (value)
            {
                case DBNull _:
                    return "NULL";
                case double real:
                    return Real(real);
                case byte[] bytes:
                    return "X'" + string.Concat(bytes.Select(one => one.ToString("X2"))) + "'";
                case "":
                    return "(empty)";
            }
            var escaped = new StringBuilder();
            foreach (var c in Convert.ToString(value, CultureInfo.InvariantCulture)!)
            {
                switch (c)
                {
                    case '\0':
                        escaped.Append("\\0");
                        break;
                    case '\t':
                        escaped.Append("\\t");
                        break;
                    case '\n':
                        escaped.Append("\\n");
                        break;
                    case '\r':
                        escaped.Append("\\r");
                        break;
                    default:
                        escaped.Append(char.IsControl(c) ? "\\u{" + ((int)c).ToString("x") + "}" : c.ToString());
                        break;
                }
            }
            return escaped.ToString();
        }

        /// <summary>A real as SQLite writes it, except that -0.0 keeps its sign.</summary>
        private static string Real(double value)
        {
            if (double.IsInfinity(value))
            {
                return value > 0 ? "Inf" : "-Inf";
            }
            else if (value == 0)
            {
                return 1 / value < 0 ? "-0.0" : "0.0";
            }
            // The shortest digits that read back as the value, and the power of ten of the first.
            var sign = value < 0 ? "-" : "";
            value = Math.Abs(value);
            var shortest = "";
            for (var precision = 0; precision <= 17; precision++)
            {
                shortest = value.ToString("E" + precision, CultureInfo.InvariantCulture);
                if (strtod(shortest, IntPtr.Zero) == value)
                {
                    break;
                }
            }
            var e = shortest.IndexOf('E');
            var digits = shortest.Substring(0, e).Replace(".", "").TrimEnd('0');
            digits = digits == "" ? "0" : digits;
            var power = int.Parse(shortest.Substring(e + 1), CultureInfo.InvariantCulture);
            if (power < -4 || power >= 17)
            {
                var fraction = digits.Length > 1 ? digits.Substring(1) : "0";
                return sign + digits[0] + "." + fraction + "e" + (power < 0 ? "-" : "+") + Math.Abs(power).ToString("00");
            }
            else if (power < 0)
            {
                return sign + "0." + new string('0', -power - 1) + digits;
            }
            digits = digits.PadRight(power + 2, '0');
            return sign + digits.Substring(0, power + 1) + "." + digits.Substring(power + 1);
        }

        /// <summary>Mono's own reads 1E+100 as another number.</summary>
        [DllImport("libc")]
        private static extern double strtod(string text, IntPtr end);

        private static string? Compare(Record record, List<object[]> rows)
        {
            var actual = new List<string>();
            foreach (var row in rows)
            {
                if (row.Length != record.Types!.Length)
                {
                    return row.Length + " columns";
                }
                for (var column = 0; column < row.Length; column++)
                {
                    if (!(row[column] is DBNull) && !IsOfType(row[column], record.Types[column]))
                    {
                        return Text(row[column]) + " in columns of types " + record.Types;
                    }
                }
                actual.Add(string.Join(" ", row.Select(Text)));
            }
            var expected = record.Expected.ToList();
            if (record.Sort)
            {
                actual.Sort(string.CompareOrdinal);
                expected.Sort(string.CompareOrdinal);
            }
            var parts = string.Join("\n", expected).Split(new[] { "<slt:ignore>" }, StringSplitOptions.None);
            var pattern = "\\A" + string.Join(".*", parts.Select(Regex.Escape)) + "\\z";
            var found = string.Join("\n", actual);
            return Regex.IsMatch(found, pattern, RegexOptions.Singleline) ? null : "rows:\n" + found;
        }

        /// <summary>What is wrong with what a record does on this connection, or null.</summary>
        internal static string? Failure(Record record, DbConnection connection)
        {
            List<object[]> rows;
            try
            {
                rows = Run(connection, record.Sql);
            }
            catch (DbException error)
            {
                var message = Driver.Message(error);
                if (Driver.Code(error) == Interrupted)
                {
                    // A collation that fails can only interrupt its statement.
                    var reason = Query(connection, "SELECT wasm_error()")[0][0];
                    message = reason as string ?? message;
                }
                if (record.Error == null)
                {
                    return "failed: " + message;
                }
                return record.Error.IsMatch(message) ? null : "another error: " + message;
            }
            if (record.Error != null)
            {
                return "an error was expected";
            }
            return record.Types == null ? null : Compare(record, rows);
        }
    }
}
