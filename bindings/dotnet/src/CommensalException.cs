#nullable enable
using System;
using System.Data.Common;

namespace Commensal
{
    /// <summary>
    /// Why Commensal could not be loaded, or a statement of its own failed. The inner exception is the driver's, if there
    /// is one. A function that fails in a query gives the driver's exception itself.
    /// </summary>
    public sealed class CommensalException : DbException
    {
        internal CommensalException(string message, Exception? inner = null)
            : base(message, inner)
        {
        }
    }
}
