using Blixard.Client.Contracts;

namespace Blixard.Node.Api;

/// <summary>
/// Around every request: unknown query parameters are refused by name, errors become problems, and so do the bare
/// answers that routing gives to unknown paths and methods.
/// </summary>
internal sealed partial class ApiMiddleware(RequestDelegate next, ILogger<ApiMiddleware> log)
{
    public async Task InvokeAsync(HttpContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        try
        {
            context.GetEndpoint()?.Metadata.GetMetadata<AcceptedQuery>()?.Check(context.Request.Query);
            await next(context);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // Nobody is there any more to be answered.
            return;
        }
        catch (Exception e) when (!context.Response.HasStarted)
        {
            if (Problems.Of(e) is not { } problem)
            {
                LogBug(e, context.Request.Method, context.Request.Path);
                problem = Problems.Internal;
            }

            await Problems.WriteAsync(context, problem);
            return;
        }

        if (!context.Response.HasStarted && Bare(context) is { } bare)
        {
            await Problems.WriteAsync(context, bare);
        }
    }

    /// <summary>What routing answered without a body.</summary>
    private static Problem? Bare(HttpContext context)
    {
        var (method, path) = (context.Request.Method, context.Request.Path.Value ?? "/");
        return context.Response.StatusCode switch
        {
            StatusCodes.Status404NotFound => Problems.PathNotFound(path),
            StatusCodes.Status405MethodNotAllowed => IsVminfod(context.Request.Path)
                ? Problems.ReadOnly(method, path)
                : Problems.MethodNotAllowed(method, path),
            _ => null,
        };
    }

    /// <summary>That surface has always answered 400 to whatever is not GET.</summary>
    private static bool IsVminfod(PathString path) =>
        path.StartsWithSegments(ApiRoutes.LocalPing) || path.StartsWithSegments(ApiRoutes.LocalStatus)
        || path.StartsWithSegments(ApiRoutes.LocalVms) || path.StartsWithSegments(ApiRoutes.LocalEvents);

    [LoggerMessage(LogLevel.Error, "{Method} {Path} failed")]
    private partial void LogBug(Exception exception, string method, PathString path);
}
