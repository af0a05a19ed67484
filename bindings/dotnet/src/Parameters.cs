#nullable enable
using System;
using System.Data.Common;

namespace Commensal
{
    internal static class Parameters
    {
        /// <summary>Binds a value by name, the only way that all drivers have.</summary>
        internal static void Add(DbCommand command, string name, object? value)
        {
            var parameter = command.CreateParameter();
            parameter.ParameterName = name;
            parameter.Value = value switch
            {
                null => DBNull.Value,
                // SQLite has no truth values.
                bool truth => truth ? 1L : 0L,
                _ => value,
            };
            command.Parameters.Add(parameter);
        }
    }
}
