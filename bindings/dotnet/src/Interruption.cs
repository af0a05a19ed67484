#nullable enable
using System;
using System.Data.Common;
using System.Reflection;
using System.Threading;

namespace Commensal
{
    /// <summary>Interrupts when a token is cancelled, and again until it is disposed.</summary>
    internal sealed class Interruption : IDisposable
    {
        /// <summary>An interrupt is lost if the statement has not begun.</summary>
        private static readonly TimeSpan Again = TimeSpan.FromMilliseconds(20);

        private readonly object state = new object();
        private readonly Action interrupt;
        private readonly CancellationTokenRegistration registration;
        private Timer? timer;
        private bool isDisposed;

        internal Interruption(Action interrupt, CancellationToken token)
        {
            this.interrupt = interrupt;
            registration = token.Register(Begin);
        }

        private void Begin()
        {
            lock (state)
            {
                if (!isDisposed)
                {
                    timer = new Timer(_ => Interrupt(), null, TimeSpan.Zero, Again);
                }
            }
        }

        private void Interrupt()
        {
            // The connection may be closed as soon as this is disposed.
            lock (state)
            {
                if (isDisposed)
                {
                    return;
                }
                try
                {
                    interrupt();
                }
                catch (Exception error) when (
                    error is InvalidOperationException || error is TargetInvocationException || error is DbException)
                {
                    // It was closed, and nothing runs on it. Nobody could catch this.
                    timer?.Dispose();
                }
            }
        }

        public void Dispose()
        {
            lock (state)
            {
                isDisposed = true;
                timer?.Dispose();
            }
            registration.Dispose();
        }
    }
}
