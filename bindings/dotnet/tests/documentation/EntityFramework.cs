#nullable enable
// What the documentation's example needs of Entity Framework Core, for machines that have no registry with it: an
// interceptor that is told when a connection is open, and migrations whose SQL runs in one transaction.
using System;
using System.Collections.Generic;
using System.Data.Common;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;

namespace Microsoft.EntityFrameworkCore
{
    using Microsoft.Data.Sqlite;
    using Microsoft.EntityFrameworkCore.Diagnostics;

    public class DbContextOptionsBuilder
    {
        internal string ConnectionString { get; set; } = "";
        internal List<DbConnectionInterceptor> Interceptors { get; } = new List<DbConnectionInterceptor>();

        public DbContextOptionsBuilder AddInterceptors(params DbConnectionInterceptor[] interceptors)
        {
            Interceptors.AddRange(interceptors);
            return this;
        }
    }

    public static class SqliteDbContextOptionsBuilderExtensions
    {
        public static DbContextOptionsBuilder UseSqlite(this DbContextOptionsBuilder builder, string connectionString)
        {
            builder.ConnectionString = connectionString;
            return builder;
        }
    }

    public abstract class DbContext
    {
        protected virtual void OnConfiguring(DbContextOptionsBuilder optionsBuilder)
        {
        }

        internal DbConnection Open(bool isAsync)
        {
            var builder = new DbContextOptionsBuilder();
            OnConfiguring(builder);
            var connection = new SqliteConnection(builder.ConnectionString);
            connection.Open();
            foreach (var interceptor in builder.Interceptors)
            {
                if (isAsync)
                {
                    interceptor.ConnectionOpenedAsync(connection, new ConnectionEndEventData()).Wait();
                }
                else
                {
                    interceptor.ConnectionOpened(connection, new ConnectionEndEventData());
                }
            }
            return connection;
        }
    }
}

namespace Microsoft.EntityFrameworkCore.Diagnostics
{
    public class ConnectionEndEventData
    {
    }

    public abstract class DbConnectionInterceptor
    {
        public virtual void ConnectionOpened(DbConnection connection, ConnectionEndEventData eventData)
        {
        }

        public virtual Task ConnectionOpenedAsync(
            DbConnection connection, ConnectionEndEventData eventData, CancellationToken cancellationToken = default)
        {
            return Task.CompletedTask;
        }
    }
}

namespace Microsoft.EntityFrameworkCore.Migrations
{
    public class MigrationBuilder
    {
        internal List<string> Statements { get; } = new List<string>();

        public void Sql(string sql, bool suppressTransaction = false)
        {
            Statements.Add(suppressTransaction ? throw new NotSupportedException() : sql);
        }
    }

    public abstract class Migration
    {
        protected abstract void Up(MigrationBuilder migrationBuilder);

        protected virtual void Down(MigrationBuilder migrationBuilder) => throw new NotSupportedException();

        internal void Run(DbConnection connection, bool isUp)
        {
            var builder = new MigrationBuilder();
            (isUp ? (Action<MigrationBuilder>)Up : Down)(builder);
            using var transaction = connection.BeginTransaction();
            foreach (var sql in builder.Statements)
            {
                using var command = connection.CreateCommand();
                command.CommandText = sql;
                command.ExecuteNonQuery();
            }
            transaction.Commit();
        }
    }

    /// <summary>Does what <c>dotnet ef database update</c> does with the one context and the one migration.</summary>
    internal static class Update
    {
        private static T One<T>() =>
            (T)Activator.CreateInstance(typeof(T).Assembly.GetTypes().Single(type => type.BaseType == typeof(T)))!;

        private static object? Scalar(DbConnection connection, string sql)
        {
            using var command = connection.CreateCommand();
            command.CommandText = sql;
            return command.ExecuteScalar();
        }

        internal static void Main()
        {
            using (var connection = One<DbContext>().Open(isAsync: false))
            {
                One<Migration>().Run(connection, isUp: true);
            }
            using (var connection = One<DbContext>().Open(isAsync: true))
            {
                Console.Write(Scalar(connection, "SELECT round(haversine_km(52.52, 13.405, 48.8566, 2.3522))"));
                One<Migration>().Run(connection, isUp: false);
                var left = Scalar(connection, "SELECT count(*) FROM commensal_object");
                Console.WriteLine(Equals(left, 0L) ? " km, and nothing after Down" : " km");
            }
        }
    }
}
